import { shell } from '@/components/setup/snippets'

/** How an application gets its new key: the official SDKs read both variables by themselves. */
export function keySamples(secret: string, gatewayUrl: string, routeName: string | undefined) {
  const base = `${gatewayUrl.replace(/\/+$/, '')}/v1`
  const body = JSON.stringify({
    model: routeName ?? 'your-route',
    messages: [{ role: 'user', content: 'Say hello in five words.' }],
  })
  return [
    { title: '.env', code: `OPENAI_BASE_URL=${base}\nOPENAI_API_KEY=${secret}` },
    {
      title: 'curl',
      code: [
        `curl ${shell(`${base}/chat/completions`)} \\`,
        `  -H ${shell(`Authorization: Bearer ${secret}`)} \\`,
        '  -H "Content-Type: application/json" \\',
        `  -d ${shell(body)}`,
      ].join('\n'),
    },
  ]
}
