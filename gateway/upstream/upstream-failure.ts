/** What an error of a socket, of TLS or of undici's connector means for an exchange. */
import { errors } from 'undici'
import { UpstreamError } from './upstream.ts'

const CONNECT_CODES = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
])

/** Messages are our own: an error of a socket names addresses that are nobody's business outside. */
export function toUpstreamError(error: Error): UpstreamError {
  if (error instanceof UpstreamError) return error
  if (error instanceof errors.ConnectTimeoutError) {
    return new UpstreamError('connectTimeout', 'The connection was not made in time.', { cause: error })
  }
  const { code = '', syscall } = error as NodeJS.ErrnoException
  if (syscall === 'connect' || CONNECT_CODES.has(code)) {
    return new UpstreamError('connect', `No connection could be made (${code || 'unknown'}).`, {
      cause: error,
    })
  }
  if (/^(CERT_|ERR_TLS_CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/.test(code)) {
    return new UpstreamError('connect', `The provider's certificate was not accepted (${code}).`, {
      cause: error,
    })
  }
  if (/^(ERR_TLS_|ERR_SSL_|EPROTO$)/.test(code)) {
    return new UpstreamError('connect', `No connection under TLS could be made (${code}).`, { cause: error })
  }
  return new UpstreamError('broken', 'The connection broke.', { cause: error })
}
