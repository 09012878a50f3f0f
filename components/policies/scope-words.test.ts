import { expect, test } from 'vitest'
import { scopeWords } from './scope-words'

test.each([
  [{ type: 'organization', id: null, each: false }, null, 'the whole organization'],
  [{ type: 'key', id: null, each: true }, null, 'each key'],
  [{ type: 'user', id: null, each: true }, null, 'each end user'],
  [{ type: 'team', id: 'team_a', each: false }, 'search', 'team search'],
  // Until its name is known, or where it is gone.
  [{ type: 'team', id: 'team_a', each: false }, null, 'team team_a'],
  [{ type: 'tag', id: 'env=prod', each: false }, null, 'tag env=prod'],
  [{ type: 'tool', id: null, each: true }, null, 'each tool'],
])('%j %j is "%s"', (scope, name, words) => {
  expect(scopeWords(scope, name)).toBe(words)
})
