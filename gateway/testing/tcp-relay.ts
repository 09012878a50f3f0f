/**
 * For tests: a relay of bytes between two real sockets that breaks what passes through it, by a script or by hand. It
 * knows nothing of what it carries, so it stands before a vendor, an admin or a Postgres alike.
 */
import { connect, createServer, type Socket } from 'node:net'
import { freePort } from './free-port.ts'

/** What happens to one direction of a connection. Empty: all passes. */
export interface FlowFault {
  /** Each piece comes so much later. */
  readonly delayMs?: number
  readonly bytesPerSecond?: number
  /** After so many bytes of this direction, `by` happens. */
  readonly atByte?: number
  /**
   * `reset`: RST to both ends. `fin`: this direction ends cleanly, as if the sender had finished. `stall`: nothing passes
   * any more and nobody is told. `lose`: what follows is taken from the sender and never arrives (half-open).
   */
  readonly by?: 'reset' | 'fin' | 'stall' | 'lose'
}

export interface RelayPlan {
  /** Accepted, and reset before anything is read. */
  readonly refuse?: boolean
  /** So long until the other side is dialled. */
  readonly connectDelayMs?: number
  /** From who dialled to who is dialled. */
  readonly up?: FlowFault
  /** From who is dialled to who dialled. */
  readonly down?: FlowFault
}

export interface TcpRelay {
  readonly port: number
  /** Connections that were accepted so far. */
  readonly accepted: number
  /** Bytes that went down so far, over all connections. */
  readonly passedDown: number
  /** Plans for the next connections, in order; then `otherwise`. */
  script(plans: readonly RelayPlan[], otherwise?: RelayPlan): void
  /** Nothing passes in any direction, on open connections and on new ones, and nobody is told: a black hole. */
  freeze(): void
  /** What waited goes on. */
  thaw(): void
  /** RST on every open connection. */
  reset(): void
  open(): number
  /** Takes no connection any more (they are refused) until `listen`. */
  stopListening(): Promise<void>
  listen(): Promise<void>
  close(): Promise<void>
}

export async function startTcpRelay(target: { port: number; host?: string }): Promise<TcpRelay> {
  const port = await freePort()
  const state = { plans: [] as RelayPlan[], otherwise: {} as RelayPlan, accepted: 0, passedDown: 0 }
  const pairs = new Set<Pair>()
  let thawed: Promise<void> | null = null
  let thaw: () => void = () => {}
  const gate = () => thawed

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    state.accepted += 1
    const plan = state.plans.shift() ?? state.otherwise
    near.on('error', () => {})
    if (plan.refuse) return void near.resetAndDestroy()
    const pair = new Pair(near, plan, target, gate, (bytes) => {
      state.passedDown += bytes
    })
    pairs.add(pair)
    near.on('close', () => pairs.delete(pair))
  })
  const listen = () =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject)
        resolve()
      })
    })
  const stopListening = () => new Promise<void>((resolve) => server.close(() => resolve()))

  await listen()
  return {
    port,
    get accepted() {
      return state.accepted
    },
    get passedDown() {
      return state.passedDown
    },
    script: (plans, otherwise = {}) => {
      state.plans = [...plans]
      state.otherwise = otherwise
    },
    freeze: () => {
      thawed ??= new Promise((resolve) => {
        thaw = resolve
      })
    },
    thaw: () => {
      thawed = null
      thaw()
    },
    reset: () => {
      for (const pair of pairs) pair.reset()
    },
    open: () => pairs.size,
    // The server's own end waits for its connections, which here outlive it.
    stopListening: () => {
      const closed = stopListening()
      return pairs.size > 0 ? Promise.resolve() : closed
    },
    listen,
    close: async () => {
      thawed = null
      thaw()
      const closed = server.listening ? stopListening() : Promise.resolve()
      for (const pair of pairs) pair.reset()
      await closed
    },
  }
}

type Gate = () => Promise<void> | null

/** The two sockets of one connection. */
class Pair {
  readonly #near: Socket
  #far: Socket | null = null
  #dialling: NodeJS.Timeout | null = null

  constructor(
    near: Socket,
    plan: RelayPlan,
    target: { port: number; host?: string },
    gate: Gate,
    onDown: (bytes: number) => void,
  ) {
    this.#near = near
    near.pause()
    this.#dialling = setTimeout(() => this.#dial(plan, target, gate, onDown), plan.connectDelayMs ?? 0)
    near.on('close', () => {
      if (this.#dialling) clearTimeout(this.#dialling)
      this.#far?.destroy()
    })
  }

  reset() {
    for (const socket of [this.#near, this.#far]) if (socket && !socket.destroyed) socket.resetAndDestroy()
  }

  #dial(
    plan: RelayPlan,
    { port, host = '127.0.0.1' }: { port: number; host?: string },
    gate: Gate,
    onDown: (bytes: number) => void,
  ) {
    this.#dialling = null
    const far = connect({ port, host, allowHalfOpen: true, noDelay: true })
    this.#far = far
    // How one end breaks is how the other hears of it.
    const broke = (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'ECONNREFUSED' || error.code === 'EPIPE') this.reset()
    }
    this.#near.on('error', broke)
    far.on('error', broke)
    far.on('close', () => this.#near.destroySoon())
    const reset = () => this.reset()
    pump(this.#near, far, plan.up ?? {}, gate, reset, () => {})
    pump(far, this.#near, plan.down ?? {}, gate, reset, onDown)
  }
}

/** Carries one direction, a piece after the other, as fast as the receiver takes it. */
function pump(
  from: Socket,
  to: Socket,
  fault: FlowFault,
  gate: Gate,
  reset: () => void,
  onPassed: (bytes: number) => void,
): void {
  const { atByte = Number.POSITIVE_INFINITY, by: outcome = 'reset' } = fault
  let passed = 0
  let broken = false
  let queue = Promise.resolve()

  const carry = async (chunk: Buffer): Promise<void> => {
    await gate()
    if (broken) return
    if (fault.delayMs) await wait(fault.delayMs)
    let rest = chunk.subarray(0, Math.max(0, atByte - passed))
    // A throttled direction passes a twentieth of a second's bytes at a time.
    const step = fault.bytesPerSecond ? Math.max(1, Math.floor(fault.bytesPerSecond / 20)) : rest.length
    while (rest.length > 0 && !to.destroyed) {
      const piece = rest.subarray(0, step)
      rest = rest.subarray(step)
      passed += piece.length
      onPassed(piece.length)
      if (!to.write(piece)) await drained(to)
      if (fault.bytesPerSecond) await wait(50)
    }
    if (passed >= atByte) await breakOff()
  }

  const breakOff = async (): Promise<void> => {
    broken = true
    // What passed before must have left, or the break would come at another byte.
    if (outcome === 'reset') {
      if (to.writableLength > 0) await drained(to)
      reset()
    } else if (outcome === 'fin') to.end()
    else if (outcome === 'stall') from.pause()
  }

  const start = () => {
    from.on('data', (chunk: Buffer) => {
      if (broken) return
      from.pause()
      queue = queue
        .then(() => carry(chunk))
        .then(() => {
          if (!(broken && outcome === 'stall')) from.resume()
        })
    })
    from.on('end', () => {
      queue = queue.then(gate as () => Promise<void>).then(() => {
        if (!broken) to.end()
      })
    })
    from.resume()
  }
  if (atByte <= 0) void breakOff()
  start()
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done).off('close', done)
      resolve()
    }
    if (socket.destroyed || socket.writableLength === 0) resolve()
    else socket.on('drain', done).on('close', done)
  })
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
