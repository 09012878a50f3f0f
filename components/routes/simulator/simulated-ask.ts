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
  readonly headers: Readonly<Record<string, string>>
  /** RFC 3339; null: now. */
  readonly at: string | null
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
  headers: {},
  at: null,
}

type Asked = { readonly body: Record<string, unknown> } | { readonly path: string; readonly message: string }

/** The body of `POST /routes/{id}/simulate`, or what is wrong at which of its members. */
export function askBody(ask: SimulatedAsk): Asked {
  const [tags, headers] = [filled(ask.tags), filled(ask.headers)]
  const whose = {
    ...(ask.keyId === null ? {} : { keyId: ask.keyId }),
    ...(ask.endUser === '' ? {} : { endUser: ask.endUser }),
    ...(tags && { tags }),
    ...(headers && { headers }),
    ...(ask.at === null ? {} : { at: ask.at }),
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

/** Without a row that nothing was typed into. */
function filled(rows: Readonly<Record<string, string>>): Record<string, string> | null {
  const entries = Object.entries(rows).filter(([name, value]) => name !== '' || value !== '')
  return entries.length === 0 ? null : Object.fromEntries(entries)
}
