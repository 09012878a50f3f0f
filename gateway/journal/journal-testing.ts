/** For tests of the journal: events and intents, and a file system in memory that fails at the Nth operation. */
import { NO_USAGE } from '../../lib/contract/usage.ts'
import type { UsageEvent } from '../../lib/contract/usage-event.ts'
import type { Log } from '../telemetry/log.ts'
import type { Intent } from './books.ts'
import type { JournalFs } from './journal-fs.ts'

/** A call id that is a valid UUIDv7, by number. */
export const callId = (n: number): string => `01900000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`

const call = (n: number): Intent['call'] => ({
  id: callId(n),
  traceId: 'trace',
  at: 1_750_000_000_000 + n,
  kind: 'llm',
  teamId: 'team_1',
  consumerId: 'consumer_1',
  keyId: 'key_1',
  routeId: 'route_1',
  route: 'gpt-4o',
  stream: false,
  requestedModel: 'gpt-4o',
  endUser: null,
  tags: { note: 'Grüße ✓' },
  revision: 1,
  simulated: false,
})

export const intent = (n: number, attempt = 0): Intent => ({
  callId: callId(n),
  attempt,
  call: call(n),
  providerId: 'provider_1',
  providerKind: 'openai',
  model: 'gpt-4o',
  startedAt: 1_750_000_000_000 + n,
  reservedPicoUsd: null,
  hold: [],
  admission: null,
  estimatedInputTokens: 12,
})

export function event(n: number, attempts = 1): Omit<UsageEvent, 'sequence'> {
  return {
    ...call(n),
    status: attempts > 0 ? 200 : 401,
    code: attempts > 0 ? null : 'invalid_api_key',
    servedModel: 'gpt-4o',
    providerId: 'provider_1',
    usage: { ...NO_USAGE, inputTokens: 10, outputTokens: 5 },
    usageSource: 'provider',
    costPicoUsd: '75000000',
    unpriced: false,
    reservedPicoUsd: null,
    lines: [],
    attempts: Array.from({ length: attempts }, () => ({
      providerId: 'provider_1',
      providerKind: 'openai' as const,
      model: 'gpt-4o',
      servedModel: 'gpt-4o',
      status: 200,
      code: null,
      outcome: 'ok' as const,
      startedAt: 1_750_000_000_000,
      latencyMs: 5,
      firstTokenMs: null,
      usage: { ...NO_USAGE, inputTokens: 10, outputTokens: 5 },
      usageSource: 'provider' as const,
      serviceTier: null,
      requestedServiceTier: null,
      vendorCostUsd: null,
      costPicoUsd: '75000000',
    })),
    dropped: [],
    latencyMs: 5,
    firstTokenMs: null,
    overheadUs: 100,
  }
}

export function collectingLog(): { log: Log; events: string[] } {
  const events: string[] = []
  return { log: (_level, name) => void events.push(name), events }
}

/** Which operations fail; asked for each with its running number. */
export type Fault = (operation: keyof JournalFs, count: number) => 'ok' | 'fail' | 'partial'

export interface MemoryFs extends JournalFs {
  readonly files: Map<string, Buffer>
  /** Content that a sync has reached. */
  readonly durable: Map<string, Buffer>
  fault: Fault
  operations: number
}

/** Like a disk: what was not synced can be dropped by `crash`. */
export function memoryFs(): MemoryFs {
  const files = new Map<string, Buffer>()
  const durable = new Map<string, Buffer>()
  const backing = new Map<string, Buffer>()
  const handles = new Map<number, string>()
  let nextFd = 3
  const check = (operation: keyof JournalFs): boolean => {
    self.operations += 1
    const verdict = self.fault(operation, self.operations)
    if (verdict === 'fail') throw Object.assign(new Error(`injected at ${operation}`), { code: 'EIO' })
    return verdict === 'partial'
  }
  const open = (path: string): number => {
    handles.set(nextFd, path)
    nextFd += 1
    return nextFd - 1
  }
  const pathOf = (fd: number): string => {
    const path = handles.get(fd)
    if (path === undefined) throw Object.assign(new Error('bad handle'), { code: 'EBADF' })
    return path
  }
  const contentOf = (path: string): Buffer => {
    const content = files.get(path)
    if (!content) throw Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' })
    return content
  }
  const self: MemoryFs = {
    files,
    durable,
    fault: () => 'ok',
    operations: 0,
    mkdirSync: () => {},
    readdirSync: (path) =>
      [...files.keys()]
        .filter((name) => name.startsWith(`${path}/`))
        .map((name) => name.slice(path.length + 1)),
    createSync: (path) => {
      check('createSync')
      if (files.has(path)) throw Object.assign(new Error(`exists: ${path}`), { code: 'EEXIST' })
      files.set(path, Buffer.allocUnsafeSlow(0))
      return open(path)
    },
    openSync: (path) => {
      check('openSync')
      contentOf(path)
      return open(path)
    },
    writeSync: (fd, buffer, offset, length, position) => {
      const partial = check('writeSync')
      const count = partial ? Math.max(1, Math.floor(length / 2)) : length
      const path = pathOf(fd)
      const before = contentOf(path)
      const end = Math.max(before.length, position + count)
      // Room to grow, so that a long journal is not copied for each record.
      let room = backing.get(path)
      if (!room || room.length < end || room.buffer !== before.buffer) {
        room = Buffer.alloc(end * 2)
        before.copy(room)
        backing.set(path, room)
      }
      buffer.copy(room, position, offset, offset + count)
      files.set(path, room.subarray(0, end))
      if (partial) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
      return count
    },
    readFileSync: (path) => Buffer.from(contentOf(path)),
    sizeSync: (path) => contentOf(path).length,
    readFile: async (path) => Buffer.from(contentOf(path)),
    truncateSync: (fd, length) => {
      check('truncateSync')
      files.set(pathOf(fd), Buffer.from(contentOf(pathOf(fd)).subarray(0, length)))
    },
    datasync: async (fd) => {
      const path = pathOf(fd)
      const content = contentOf(path)
      await Promise.resolve()
      try {
        check('datasync')
      } catch (error) {
        // As Linux does it: the pages are dropped and marked clean.
        const kept = durable.get(path) ?? Buffer.alloc(0)
        const current = files.get(path)
        if (current)
          files.set(path, Buffer.concat([kept, Buffer.alloc(Math.max(0, current.length - kept.length))]))
        throw error
      }
      durable.set(path, Buffer.from(content))
    },
    syncDirectory: async () => void check('syncDirectory'),
    closeSync: (fd) => {
      pathOf(fd)
      handles.delete(fd)
    },
    unlinkSync: (path) => {
      check('unlinkSync')
      contentOf(path)
      files.delete(path)
      durable.delete(path)
    },
    copyFileSync: (from, to) => void files.set(to, Buffer.from(contentOf(from))),
  }
  return self
}
