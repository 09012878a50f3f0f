/**
 * A stream whose reader sleeps: its web stream can be ended, but the server under it waits for the socket to drain, and
 * the system keeps megabytes for it as long as the other side is silent. So the sockets of long streams get a limit on
 * time without progress; Node's server destroys a socket that reaches it. Whoever reads is kept alive by heartbeats.
 */
import 'server-only'
import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

const STREAMS = /^\/api\/(v1\/events|control\/stream)(\?|$)/
/** Twice the longest time between two heartbeats. */
const STALLED_MS = 30_000

export function dropStalledStreams(afterMs = STALLED_MS): void {
  subscribe('http.server.request.start', (message) => {
    const { request, socket } = message as { request: IncomingMessage; socket: Socket }
    if (STREAMS.test(request.url ?? '')) socket.setTimeout(afterMs)
  })
}
