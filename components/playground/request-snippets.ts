/** The very request of a pane as code. The key stands in the environment, so what is copied can be pasted anywhere. */
import { shell } from '@/components/setup/snippets'
import type { ChatBody } from './chat-request'

export interface Sample {
  readonly title: string
  readonly code: string
}

/** @param gatewayUrl of the deployment, without `/v1`. */
export function requestSnippets(gatewayUrl: string, body: ChatBody): readonly Sample[] {
  const base = `${gatewayUrl.replace(/\/+$/, '')}/v1`
  return [
    { title: 'curl', code: curl(base, body) },
    { title: 'Python', code: python(base, body) },
    { title: 'Node', code: node(base, body) },
  ]
}

/** By standard input: an image is longer than a word on a command line may be. No line of JSON is the word JSON. */
function curl(base: string, body: ChatBody): string {
  return [
    `curl ${body.stream ? '-N ' : ''}${shell(`${base}/chat/completions`)} \\`,
    '  -H "Authorization: Bearer $GATEHOUSE_KEY" \\',
    '  -H "Content-Type: application/json" \\',
    "  --data-binary @- <<'JSON'",
    JSON.stringify(body, null, 2),
    'JSON',
  ].join('\n')
}

function python(base: string, body: ChatBody): string {
  const members = Object.entries(body).map(([name, value]) => `    ${name}=${literal(value, '    ')},`)
  return [
    '# pip install openai',
    'import os',
    'from openai import OpenAI',
    '',
    `client = OpenAI(base_url=${JSON.stringify(base)}, api_key=os.environ["GATEHOUSE_KEY"])`,
    '',
    `${body.stream ? 'stream' : 'answer'} = client.chat.completions.create(`,
    ...members,
    ')',
    ...(body.stream
      ? [
          'for chunk in stream:',
          '    if chunk.choices:',
          '        print(chunk.choices[0].delta.content or "", end="", flush=True)',
        ]
      : ['print(answer.choices[0].message)']),
  ].join('\n')
}

function node(base: string, body: ChatBody): string {
  return [
    '// npm install openai',
    "import OpenAI from 'openai'",
    '',
    `const client = new OpenAI({ baseURL: ${JSON.stringify(base)}, apiKey: process.env.GATEHOUSE_KEY })`,
    '',
    `const ${body.stream ? 'stream' : 'answer'} = await client.chat.completions.create(${JSON.stringify(body, null, 2)})`,
    ...(body.stream
      ? [
          'for await (const chunk of stream) {',
          "  process.stdout.write(chunk.choices[0]?.delta.content ?? '')",
          '}',
        ]
      : ['console.log(answer.choices[0].message)']),
  ].join('\n')
}

/** A JSON value as Python writes it. JSON's strings are Python's too. */
function literal(value: unknown, indent: string): string {
  if (value === null) return 'None'
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (typeof value !== 'object') return JSON.stringify(value)
  const isList = Array.isArray(value)
  const inner = `${indent}    `
  const lines = isList
    ? value.map((one) => `${inner}${literal(one, inner)},`)
    : Object.entries(value).map(([key, one]) => `${inner}${JSON.stringify(key)}: ${literal(one, inner)},`)
  const [open, close] = isList ? ['[', ']'] : ['{', '}']
  return lines.length === 0 ? open + close : [open, ...lines, indent + close].join('\n')
}
