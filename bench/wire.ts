/** The bytes that every contestant carries: a prompt of 2 KB, an answer of 1 KB, a stream of 100 events. */

/** The name that callers ask for; the vendor knows it by another, as behind any gateway that routes. */
export const ASKED_MODEL = 'bench-chat'
export const VENDOR_MODEL = 'bench-chat-2026-01-01'
export const VENDOR_KEY = 'sk-bench-vendor'
const PROMPT_BYTES = 2_048
const ANSWER_BYTES = 1_024
/** Of one stream: those with text. A usage chunk and `[DONE]` follow. */
export const TEXT_EVENTS = 100
export const EVENTS_PER_STREAM = TEXT_EVENTS + 3

export function requestBody(model: string, stream: boolean): string {
  const fill = (content: string) =>
    JSON.stringify({
      model,
      messages: [
        { role: 'system', content: 'You answer in one paragraph.' },
        { role: 'user', content },
      ],
      temperature: 0.2,
      ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
    })
  return fill(prose(PROMPT_BYTES - fill('').length))
}

const USAGE = {
  prompt_tokens: 480,
  completion_tokens: TEXT_EVENTS,
  total_tokens: 480 + TEXT_EVENTS,
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
}

export function answerBody(): string {
  const fill = (content: string) =>
    JSON.stringify({
      id: 'chatcmpl-bench00000000000000000000',
      object: 'chat.completion',
      created: 1_760_000_000,
      model: VENDOR_MODEL,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content, refusal: null, annotations: [] },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: USAGE,
      service_tier: 'default',
      system_fingerprint: 'fp_bench',
    })
  return fill(prose(ANSWER_BYTES - fill('').length))
}

/** The events of a stream as OpenAI sends them to those who ask for the usage: `"usage":null` in each but the last. */
export function streamEvents(): string[] {
  const chunk = (rest: object) =>
    `data: ${JSON.stringify({
      id: 'chatcmpl-bench00000000000000000000',
      object: 'chat.completion.chunk',
      created: 1_760_000_000,
      model: VENDOR_MODEL,
      service_tier: 'default',
      system_fingerprint: 'fp_bench',
      ...rest,
    })}\n\n`
  const delta = (content: object, reason: string | null) =>
    chunk({
      choices: [{ index: 0, delta: content, logprobs: null, finish_reason: reason }],
      usage: null,
    })
  const events = [delta({ role: 'assistant', content: 'It', refusal: null }, null)]
  for (let index = 1; index < TEXT_EVENTS; index += 1) events.push(delta({ content: ' depends' }, null))
  events.push(delta({}, 'stop'), chunk({ choices: [], usage: USAGE }), 'data: [DONE]\n\n')
  return events
}

function prose(length: number): string {
  const words = 'the quick brown fox jumps over the lazy dog while agents call tools and wait for answers '
  return words.repeat(Math.ceil(length / words.length)).slice(0, length)
}
