/** What is asked of the simulator, from what a person typed. */

export interface SimulatedAsk {
  readonly by: 'message' | 'request' | 'call'
  readonly message: string
  /** A chat request as JSON. */
  readonly request: string
  readonly callId: string
  readonly stream: boolean
  readonly keyId: string | null
  readonly endUser: string
  readonly tags: Readonly<Record<string, string>>
}

export const FIRST_ASK: SimulatedAsk = {
  by: 'message',
  message: 'What is the capital of France?',
  request: JSON.stringify(
    { messages: [{ role: 'user', content: 'What is the capital of France?' }] },
    null,
    2,
  ),
  callId: '',
  stream: true,
  keyId: null,
  endUser: '',
  tags: {},
}

type Asked = { readonly body: Record<string, unknown> } | { readonly path: string; readonly message: string }

/** The body of `POST /routes/{id}/simulate`, or what is wrong at which of its members. */
export function askBody(ask: SimulatedAsk): Asked {
  const whose = {
    ...(ask.keyId === null ? {} : { keyId: ask.keyId }),
    ...(ask.endUser === '' ? {} : { endUser: ask.endUser }),
    ...(Object.keys(ask.tags).length === 0 ? {} : { tags: ask.tags }),
  }
  if (ask.by === 'call') {
    const callId = ask.callId.trim()
    return callId === ''
      ? { path: 'callId', message: 'paste the request id of a call' }
      : { body: { callId, ...whose } }
  }
  if (ask.by === 'message') {
    const messages = [{ role: 'user', content: ask.message }]
    return { body: { request: { messages, stream: ask.stream }, ...whose } }
  }
  try {
    const request: unknown = JSON.parse(ask.request)
    if (typeof request === 'object' && request !== null && !Array.isArray(request))
      return { body: { request, ...whose } }
    return { path: 'request', message: 'a request is a JSON object' }
  } catch (cause) {
    return { path: 'request', message: `not JSON: ${cause instanceof Error ? cause.message : 'unreadable'}` }
  }
}
