import 'server-only'
import { createHash, hkdfSync, timingSafeEqual } from 'node:crypto'
import { env } from '../server/env.ts'

/** What a gateway must present: GATEHOUSE_GATEWAY_TOKEN, or without it one derived from GATEHOUSE_SECRET, as the start script does. */
export function gatewayToken(): string {
  if (env.gatewayToken) return env.gatewayToken
  return Buffer.from(hkdfSync('sha256', env.secret, '', 'gatehouse/gateway-token', 32)).toString('base64url')
}

/** In constant time, whatever its length. */
export function isGateway(request: Request): boolean {
  const presented = /^Bearer +(\S{1,500})$/i.exec(request.headers.get('authorization') ?? '')?.[1]
  if (presented === undefined) return false
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(presented), digest(gatewayToken()))
}
