/** The bytes of a request, bounded before they are read; a body that lies about its length is cut off at the bound. */
import type { IncomingMessage } from 'node:http'
import { ByteCollector } from '../codec/byte-collector.ts'
import { GatewayError } from '../gateway-error.ts'

/**
 * @throws GatewayError `unsupported_media_type`, `request_too_large`, or `client_closed` when the caller went away.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const { headers } = request
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new GatewayError('unsupported_media_type')
  const type = headers['content-type']
  if (type !== undefined && !/^application\/(?:[a-z.+-]+\+)?json\s*(?:;|$)/i.test(type)) {
    throw new GatewayError('unsupported_media_type')
  }
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)

  return new Promise((resolve, reject) => {
    const body = new ByteCollector()
    // The listeners stay: taking four off costs more than asking whether all is said.
    let done = false
    const onClose = () => {
      if (done) return
      done = true
      reject(new GatewayError('client_closed'))
    }
    request.on('data', (chunk: Buffer) => {
      if (done) return
      if (body.length + chunk.length > maxBytes) {
        done = true
        body.clear()
        reject(tooLarge(maxBytes))
      } else body.add(chunk)
    })
    request.on('end', () => {
      if (done) return
      done = true
      resolve(body.join())
    })
    request.on('close', onClose).on('error', onClose)
  })
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError('request_too_large', { message: `The body is larger than ${maxBytes} bytes.` })
}
