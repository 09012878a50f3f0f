/**
 * How many connections the door holds. One beyond the bound is still taken, so that its caller gets an answer that says
 * when to come back; only far beyond it are connections closed without a word.
 */
import { readFileSync } from 'node:fs'
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'

/** Connections beyond the bound that wait for their refusal at a time. */
const MAX_REFUSED = 256
/** Descriptors for vendors' connections, the journal and the admin, which callers may never use up. */
const RESERVED_FILES = 1_280

export interface ConnectionBound {
  /** Whether this request came over a connection too many. */
  exceededBy(request: IncomingMessage): boolean
}

export function boundConnections(server: Server, maxConnections: number): ConnectionBound {
  const beyond = new Set<Socket>()
  let open = 0
  server.maxConnections = maxConnections + MAX_REFUSED
  server.on('connection', (socket: Socket) => {
    open += 1
    if (open > maxConnections) beyond.add(socket)
    socket.once('close', () => {
      open -= 1
      beyond.delete(socket)
    })
  })
  return { exceededBy: ({ socket }) => beyond.size > 0 && beyond.has(socket) }
}

/** As many as wanted, or as the operating system's limit on open files leaves room for. */
export function connectionsWithin(openFiles: number | null, wanted: number): number {
  if (openFiles === null) return wanted
  const reserved = Math.min(RESERVED_FILES, Math.floor(openFiles / 2))
  return Math.max(1, Math.min(wanted, openFiles - reserved - MAX_REFUSED))
}

/** Of this process; null where it can't be known. Node has raised it as far as it may. */
export function openFileLimit(): number | null {
  try {
    const found = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))
    return found ? Number(found[1]) : null
  } catch {
    return null
  }
}
