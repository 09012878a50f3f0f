import OpenAI from 'openai'
import type { Product } from './product.ts'

/** What a streamed answer was made of. */
export interface Streamed {
  readonly requestId: string
  readonly text: string
  /** When its last event had arrived, by `Date.now()`. */
  readonly endedAt: number
}

/** The official SDK with base URL and key alone changed. It gives up by itself after `timeoutMs`. */
export function caller({ gatewayUrl }: Pick<Product, 'gatewayUrl'>, apiKey: string): OpenAI {
  return new OpenAI({ baseURL: `${gatewayUrl}/v1`, apiKey, maxRetries: 0, timeout: 20_000 })
}

export async function streamedCall(client: OpenAI, model: string, content = 'Hello'): Promise<Streamed> {
  const { data, response } = await client.chat.completions
    .create({ model, messages: [{ role: 'user', content }], stream: true })
    .withResponse()
  let text = ''
  for await (const chunk of data) text += chunk.choices[0]?.delta.content ?? ''
  return { requestId: response.headers.get('x-gatehouse-request-id') ?? '', text, endedAt: Date.now() }
}

/** The status with which the gateway answers one small call; 200 where it is let through. */
export async function callStatus(
  { gatewayUrl }: Pick<Product, 'gatewayUrl'>,
  apiKey: string,
  model: string,
): Promise<number> {
  const response = await fetch(`${gatewayUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] }),
    signal: AbortSignal.timeout(20_000),
  })
  await response.arrayBuffer()
  return response.status
}
