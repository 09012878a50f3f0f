/** A request as HTTP/1.1 writes it (RFC 9112 §3): head and body in one piece, for one write. */
import { UpstreamError, type UpstreamRequest } from './upstream.ts'

const PATH = /^\/[\x21-\x7e]*$/
const NAME = /^[\w!#$%&'*+.^`|~-]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** @throws UpstreamError when a part of it can't stand there; nothing of it is in the message. */
export function encodeRequest(request: UpstreamRequest, authority: string): Buffer {
  const { method, path, headers, body } = request
  if (!PATH.test(path)) throw new UpstreamError('broken', 'The path has characters that no request may have.')
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${authority}\r\nconnection: keep-alive\r\n`
  for (const name in headers) {
    const value = headers[name] ?? ''
    if (!NAME.test(name) || !VALUE.test(value))
      throw new UpstreamError('broken', 'A header has characters that no request may have.')
    head += `${name}: ${value}\r\n`
  }
  if (body === null && method === 'GET') return Buffer.from(`${head}\r\n`, 'latin1')
  const length = body?.length ?? 0
  head += `content-length: ${length}\r\n\r\n`
  const bytes = Buffer.allocUnsafe(head.length + length)
  bytes.write(head, 0, 'latin1')
  body?.copy(bytes, head.length)
  return bytes
}
