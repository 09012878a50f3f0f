/**
 * Plain HTTP to the admins: short posts over kept connections, and the one long stream. With several addresses one is
 * in use until it fails, then the next: admins share their database, so each is as good as another.
 */
import http from 'node:http'
import https from 'node:https'

export interface AdminClient {
  /**
   * Posts JSON and gives the answer's status and JSON body (null where it is none).
   * @throws when the admin can't be reached, or says nothing for `timeoutMs`.
   */
  post(path: string, body: string | Buffer, timeoutMs: number): Promise<{ status: number; body: unknown }>
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
  /** A line grew past its bound; `beginning` is how it began. The stream ends. */
  onTooLong(beginning: string): void
  /** `reason` is for the log; `status` is set when the admin answered with another than 200. */
  onEnd(reason: string, status: number | null): void
}

const MAX_ANSWER_BYTES = 64 * 1024

export interface AdminClientOptions {
  /** At least one. */
  readonly urls: readonly string[]
  readonly token: string
  /** Posts have come to be answered by another admin than the one that has the stream. */
  readonly onMoved?: () => void
}

export function createAdminClient(options: AdminClientOptions): AdminClient {
  const admins = options.urls.map(toAdmin)
  const authorization = `Bearer ${options.token}`
  let inUse = 0
  let streaming = 0
  const admin = (index: number): Admin => admins[index] as Admin
  /** Once, however many notice at the same time. */
  const leave = (index: number): void => {
    if (index === inUse) inUse = (index + 1) % admins.length
  }

  async function post(path: string, body: string | Buffer, timeoutMs: number) {
    const index = inUse
    try {
      const answer = await postTo(admin(index), path, body, timeoutMs)
      // 500 is about this post; 502 to 504 say that this admin can't do its work now.
      if (answer.status >= 502) leave(index)
      else if (index !== streaming && index === inUse) options.onMoved?.()
      return answer
    } catch (error) {
      leave(index)
      throw error
    }
  }

  function postTo(
    { base, transport, agent }: Admin,
    path: string,
    body: string | Buffer,
    timeoutMs: number,
  ): Promise<{ status: number; body: unknown }> {
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
    const index = inUse
    streaming = index
    const { base, transport } = admin(index)
    const request = transport.request(`${base}${path}`, { agent: false, headers: { authorization } })
    let response: http.IncomingMessage | null = null
    let ended = false
    const end = (reason: string, status: number | null): void => {
      if (ended) return
      ended = true
      clearTimeout(timer)
      request.destroy()
      leave(index)
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
        const tooLong = split(chunk)
        if (tooLong === null) return
        handlers.onTooLong(tooLong)
        end(`a line of more than ${handlers.maxLineBytes} bytes`, null)
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

  return {
    post,
    stream,
    close: () => {
      for (const { agent } of admins) agent.destroy()
    },
  }
}

interface Admin {
  readonly base: string
  readonly transport: typeof http | typeof https
  readonly agent: http.Agent
}

function toAdmin(url: string): Admin {
  const base = url.replace(/\/+$/, '')
  // The first connection in is the first out: a kept one is warm, and an acknowledgement must not wait for a new one.
  const options = { keepAlive: true, maxSockets: 8, maxFreeSockets: 4, scheduling: 'lifo' } as const
  return base.startsWith('https:')
    ? { base, transport: https, agent: new https.Agent(options) }
    : { base, transport: http, agent: new http.Agent(options) }
}

/** Gives whole lines of a stream of bytes; once a line grows past its bound, how it began. */
function lineSplitter(
  maxLineBytes: number,
  onLine: (line: string) => void,
): (chunk: Buffer) => string | null {
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
    return bytes <= maxLineBytes ? null : (parts[0]?.subarray(0, 1_000).toString('utf8') ?? '')
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
