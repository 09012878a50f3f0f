/** The first call, to copy: curl, and the official OpenAI SDKs with base URL and key alone changed. */
export const SNIPPET_LANGUAGES = ['curl', 'Python', 'Node'] as const
export type SnippetLanguage = (typeof SNIPPET_LANGUAGES)[number]

export interface SnippetInput {
  /** Of the deployment, without `/v1`: `http://127.0.0.1:4000`. */
  readonly gatewayUrl: string
  readonly routeName: string
}

/** The key stands in the environment, never in the text: what is copied can be pasted anywhere. */
export function snippet(language: SnippetLanguage, { gatewayUrl, routeName }: SnippetInput): string {
  const base = `${gatewayUrl.replace(/\/+$/, '')}/v1`
  switch (language) {
    case 'curl': {
      const body = [
        `{"model": ${JSON.stringify(routeName)}, "stream": true,`,
        '       "messages": [{"role": "user", "content": "Say hello in five words."}]}',
      ].join('\n')
      return [
        'export GATEHOUSE_KEY=… # the key that you have just made',
        '',
        `curl -N ${shell(`${base}/chat/completions`)} \\`,
        '  -H "Authorization: Bearer $GATEHOUSE_KEY" \\',
        '  -H "Content-Type: application/json" \\',
        `  -d ${shell(body)}`,
      ].join('\n')
    }
    case 'Python':
      return [
        '# pip install openai',
        'import os',
        'from openai import OpenAI',
        '',
        `client = OpenAI(base_url=${JSON.stringify(base)}, api_key=os.environ["GATEHOUSE_KEY"])`,
        '',
        'stream = client.chat.completions.create(',
        `    model=${JSON.stringify(routeName)},`,
        '    messages=[{"role": "user", "content": "Say hello in five words."}],',
        '    stream=True,',
        ')',
        'for chunk in stream:',
        '    if chunk.choices:',
        '        print(chunk.choices[0].delta.content or "", end="", flush=True)',
      ].join('\n')
    case 'Node':
      return [
        '// npm install openai',
        "import OpenAI from 'openai'",
        '',
        `const client = new OpenAI({ baseURL: ${quote(base)}, apiKey: process.env.GATEHOUSE_KEY })`,
        '',
        'const stream = await client.chat.completions.create({',
        `  model: ${quote(routeName)},`,
        "  messages: [{ role: 'user', content: 'Say hello in five words.' }],",
        '  stream: true,',
        '})',
        'for await (const chunk of stream) {',
        "  process.stdout.write(chunk.choices[0]?.delta.content ?? '')",
        '}',
      ].join('\n')
  }
}

/** One word for a POSIX shell, whatever stands in it. */
export function shell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
