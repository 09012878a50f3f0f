/**
 * For tests of versions: stands between a gateway and an admin, and makes either of them look like another build. What
 * it doesn't doctor passes as it came.
 */
import http from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Doctoring {
  /** Of the gateway: what it says it speaks. */
  protocol?: number
  /** Of the gateway: unknown fields in whatever it posts, at every depth, and in its query. */
  newerGateway?: boolean
  /** Of the admin: unknown fields in its messages and answers, messages of a kind that nobody knows. */
  newerAdmin?: boolean
  /** Of the admin: what a configuration asks of a gateway. */
  minProtocol?: number
}

export interface DoctoringProxy {
  readonly url: string
  /** From the next request or message on. */
  doctor: Doctoring
  close(): Promise<void>
}

export async function startDoctoringProxy(adminUrl: string): Promise<DoctoringProxy> {
  const self = { url: '', doctor: {} as Doctoring, close: async () => {} }

  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? '/', adminUrl)
    if (url.searchParams.has('protocol')) doctorQuery(url, self.doctor)
    void readAll(request).then((body) => {
      const sent = request.method === 'POST' ? doctorPost(body, self.doctor) : body
      const forward = http.request(url, {
        method: request.method,
        headers: { ...request.headers, host: url.host, 'content-length': sent.length },
      })
      forward.on('error', () => response.destroy())
      response.on('close', () => forward.destroy())
      forward.on('response', (answer) => {
        const { 'content-length': _, ...headers } = answer.headers
        response.writeHead(answer.statusCode ?? 502, headers)
        response.flushHeaders()
        let rest = ''
        answer.setEncoding('utf8')
        answer.on('data', (chunk: string) => {
          const lines = (rest + chunk).split('\n')
          rest = lines.pop() ?? ''
          for (const line of lines) response.write(`${doctorLine(line, self.doctor)}\n`)
        })
        answer.on('error', () => response.destroy())
        answer.on('end', () => response.end(rest === '' ? '' : doctorLine(rest, self.doctor)))
      })
      forward.end(sent)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  self.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  self.close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
  }
  return self
}

const UNKNOWN = { fromTheFuture: { nested: [1, 'two', null] } }

function doctorQuery(url: URL, { protocol, newerGateway }: Doctoring): void {
  if (protocol !== undefined) url.searchParams.set('protocol', String(protocol))
  if (newerGateway) url.searchParams.set('fromTheFuture', 'yes')
}

function doctorPost(body: Buffer, { protocol, newerGateway }: Doctoring): Buffer {
  if (protocol === undefined && !newerGateway) return body
  let value = JSON.parse(body.toString('utf8')) as Record<string, unknown>
  if (newerGateway) value = deepened(value) as Record<string, unknown>
  if (protocol !== undefined && 'protocol' in value) value.protocol = protocol
  return Buffer.from(JSON.stringify(value))
}

/** Unknown fields in every object; but `tags` and such are maps of the caller's own words. */
function deepened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(deepened)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).map(([name, inner]) => [
    name,
    name === 'tags' ? inner : deepened(inner),
  ])
  return { ...Object.fromEntries(fields), ...UNKNOWN }
}

function doctorLine(line: string, { newerAdmin, minProtocol }: Doctoring): string {
  if (line.trim() === '' || (!newerAdmin && minProtocol === undefined)) return line
  let message = JSON.parse(line) as Record<string, unknown>
  const isConfiguration = message.kind === 'changes' || message.kind === 'snapshot'
  if (isConfiguration && minProtocol !== undefined) message = { ...message, minProtocol }
  if (!newerAdmin) return JSON.stringify(message)
  if (Array.isArray(message.changes)) {
    // Beside the entity, never within: its content is what the hash is over.
    message = { ...message, changes: message.changes.map((change: object) => ({ ...change, ...UNKNOWN })) }
  }
  const told = JSON.stringify({ ...message, ...UNKNOWN })
  if (message.kind === undefined) return told
  return `${JSON.stringify({ kind: 'aKindOfTheFuture', ...UNKNOWN })}\n${told}`
}

async function readAll(request: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
