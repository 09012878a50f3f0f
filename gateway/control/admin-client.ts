/** Plain HTTP to an admin: short posts over kept connections, and the one long stream. */
import http from 'node:http'
import https from 'node:https'

export interface AdminClient {
  /**
   * Posts JSON and gives the answer's status and JSON body (null where it is none).
   * @throws when the admin can't be reached, or says nothing for `timeoutMs`.
   */
  post(path: string, body: string, timeoutMs: number): Promise<{ status: number; body: unknown }>
  /** Opens a stream of lines. Exactly one of the handlers `onEnd` comes last, and once. */
  stream(path: string, handlers: StreamHandlers): { close(): void; pause(): void; resume(): void }
  close(): void
}

export interface StreamHandlers {
  /** Bounds on silence, in milliseconds; silence ends the stream. */
  readonly silenceMs: number
  readonly maxLineBytes: number
  onOpen(): void
  onLine(line: string): void
  /** `reason` is for the log; `status` is set when the admin answered with another than 200. */
  onEnd(reason: string, status: number | null): void
}

const MAX_ANSWER_BYTES = 64 * 1024

export function createAdminClient(options: { readonly url: string; readonly token: string }): AdminClient {
  const base = options.url.replace(/\/+$/, '')
  const secure = base.startsWith('https:')
  const transport = secure ? https : http
  // The first connection in is the first out: a kept one is warm, and an acknowledgement must not wait for a new one.
  const agentOptions = { keepAlive: true, maxSockets: 8, maxFreeSockets: 4, scheduling: 'lifo' } as const
  const agent = secure ? new https.Agent(agentOptions) : new http.Agent(agentOptions)
  const authorization = `Bearer ${options.token}`

  function post(path: string, body: string, timeoutMs: number): Promise<{ status: number; body: unknown }> {
    return new Promise((resolve, reject) => {
      const request = transport.request(`${base}${path}`, {
        method: 'POST',
        agent,
        headers: {
          authorization,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        },
      })
      const timer = setTimeout(
        () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)),
        timeoutMs,
      )
      request.on('error', (error) => {
        clearTimeout(timer)
        reject(error)
      })
      request.on('response', (response) => {
        const chunks: Buffer[] = []
        let bytes = 0
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          if (bytes > MAX_ANSWER_BYTES) request.destroy(new Error('the answer is too large'))
          else chunks.push(chunk)
        })
        response.on('error', (error) => {
          clearTimeout(timer)
          reject(error)
        })
        response.on('end', () => {
          clearTimeout(timer)
          resolve({ status: response.statusCode ?? 0, body: parse(Buffer.concat(chunks).toString('utf8')) })
        })
      })
      request.end(body)
    })
  }

  function stream(path: string, handlers: StreamHandlers) {
    const request = transport.request(`${base}${path}`, { agent: false, headers: { authorization } })
    let response: http.IncomingMessage | null = null
    let ended = false
    const end = (reason: string, status: number | null): void => {
      if (ended) return
      ended = true
      clearTimeout(timer)
      request.destroy()
      handlers.onEnd(reason, status)
    }
    let timer = setTimeout(() => end('silence', null), handlers.silenceMs)
    const heard = (): void => {
      clearTimeout(timer)
      timer = setTimeout(() => end('silence', null), handlers.silenceMs)
    }
    request.on('error', (error) => end(error.message, null))
    request.on('response', (incoming) => {
      response = incoming
      incoming.on('error', (error) => end(error.message, null))
      incoming.on('close', () => end('the connection closed', null))
      const status = incoming.statusCode ?? 0
      if (status !== 200) {
        incoming.resume()
        end(`the admin answered ${status}`, status)
        return
      }
      incoming.socket.setNoDelay(true)
      handlers.onOpen()
      const split = lineSplitter(handlers.maxLineBytes, handlers.onLine)
      incoming.on('data', (chunk: Buffer) => {
        if (ended) return
        heard()
        if (!split(chunk)) end(`a line of more than ${handlers.maxLineBytes} bytes`, null)
      })
    })
    request.end()
    return {
      close: () => {
        ended = true
        clearTimeout(timer)
        request.destroy()
      },
      // While we are busy with a message the silence is ours, not the admin's.
      pause: () => {
        clearTimeout(timer)
        response?.pause()
      },
      resume: () => {
        if (ended) return
        heard()
        response?.resume()
      },
    }
  }

  return { post, stream, close: () => agent.destroy() }
}

/** Gives whole lines of a stream of bytes; false once a line grows past its bound. */
function lineSplitter(maxLineBytes: number, onLine: (line: string) => void): (chunk: Buffer) => boolean {
  let parts: Buffer[] = []
  let bytes = 0
  return (chunk) => {
    let rest = chunk
    for (let newline = rest.indexOf(10); newline !== -1; newline = rest.indexOf(10)) {
      parts.push(rest.subarray(0, newline))
      const line =
        parts.length === 1 ? (parts[0]?.toString('utf8') ?? '') : Buffer.concat(parts).toString('utf8')
      parts = []
      bytes = 0
      rest = rest.subarray(newline + 1)
      if (line.trim() !== '') onLine(line)
    }
    if (rest.length > 0) {
      parts.push(rest)
      bytes += rest.length
    }
    return bytes <= maxLineBytes
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
