/** For tests: a caller that tells a whole answer from one that was cut, and a refused connection from a broken one. */
import http from 'node:http'

export interface Answer {
  /** 0: none. */
  readonly status: number
  readonly id: string | null
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
  /**
   * `whole`: to its end, as HTTP frames it. `cut`: it broke off. `refused`: no connection was made. `reset`: one was,
   * and it ended without an answer.
   */
  readonly end: 'whole' | 'cut' | 'refused' | 'reset'
}

export interface CallOptions {
  readonly secret?: string
  readonly stream?: boolean
  readonly model?: string
  readonly agent?: http.Agent
  /** Hears of the answer as it comes. */
  readonly onData?: (text: string) => void
}

/** Never rejects. */
export function chat(url: string, options: CallOptions = {}): Promise<Answer> {
  const body = JSON.stringify({
    model: options.model ?? 'gpt-4o',
    stream: options.stream ?? false,
    messages: [{ role: 'user', content: 'Say something.' }],
  })
  return request(`${url}/v1/chat/completions`, options, {
    method: 'POST',
    body,
    headers: {
      authorization: `Bearer ${options.secret ?? 'secret of key_1'}`,
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
    },
  })
}

export function get(url: string, options: { agent?: http.Agent; headers?: Record<string, string> } = {}) {
  return request(url, options, { method: 'GET', body: '', headers: options.headers ?? {} })
}

function request(
  url: string,
  { agent, onData }: CallOptions,
  { method, body, headers }: { method: string; body: string; headers: Record<string, string> },
): Promise<Answer> {
  return new Promise((resolve) => {
    const sent = http.request(url, { method, headers, agent: agent ?? false })
    let connected = false
    sent.on('socket', (socket) => {
      connected = !socket.connecting
      socket.once('connect', () => {
        connected = true
      })
    })
    sent.on('error', () =>
      resolve({ status: 0, id: null, headers: {}, text: '', end: connected ? 'reset' : 'refused' }),
    )
    sent.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
        onData?.(chunk)
      })
      response.on('error', () => {})
      response.on('close', () =>
        resolve({
          status: response.statusCode ?? 0,
          id: (response.headers['x-gatehouse-request-id'] as string | undefined) ?? null,
          headers: response.headers,
          text,
          end: response.complete ? 'whole' : 'cut',
        }),
      )
    })
    sent.end(body)
  })
}
