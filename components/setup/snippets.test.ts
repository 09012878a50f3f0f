import { expect, test } from 'vitest'
import { SNIPPET_LANGUAGES, shell, snippet } from './snippets'

test('each snippet has the real base URL, the route, and no key', () => {
  for (const language of SNIPPET_LANGUAGES) {
    const text = snippet(language, { gatewayUrl: 'https://gate.example:4000/', routeName: 'support-chat' })
    expect(text).toContain('https://gate.example:4000/v1')
    expect(text).not.toContain('4000//v1')
    expect(text).toContain('support-chat')
    expect(text).toContain('GATEHOUSE_KEY')
  }
})

test('what a shell would read otherwise is quoted', () => {
  expect(shell('plain-word/1.2')).toBe('plain-word/1.2')
  expect(shell("it's $HOME")).toBe(`'it'\\''s $HOME'`)
})
