/**
 * One listener's server-sent events. It is pulled: a piece is made when the one before has been taken, so nothing is
 * buffered for a slow client. It reads on from the ring, or is told to read again; one that takes nothing is dropped.
 */
import 'server-only'
import type { RowScope } from '../api/actor.ts'
import type { Hub, RingEvent } from './hub.ts'

export interface EventStreamOptions {
  readonly scope: RowScope
  /** `Last-Event-ID` of a reconnect. */
  readonly lastEventId: string | null
  readonly signal: AbortSignal
  /** Also tells what is held and counted, as it changes. */
  readonly watchesStandings?: boolean
  /** What the listener may see now; null when they may no longer listen. Rejects when that can't be told. */
  recheck(): Promise<RowScope | null>
  readonly stalledMs?: number
  readonly recheckMs?: number
}

const STALLED_MS = 30_000
/** Longest that a stream outlives the session or token it was opened with. */
const RECHECK_MS = 5_000
const HEARTBEAT_MS = 15_000
const TICK_MS = 1_000
const MAX_PIECE_CHARACTERS = 64 * 1_024
/** How long a browser waits before it connects again. */
const RETRY_MS = 1_000

const encoder = new TextEncoder()

export function openEventStream(hub: Hub, options: EventStreamOptions): ReadableStream<Uint8Array> {
  const { signal, recheck, watchesStandings = false } = options
  const { stalledMs = STALLED_MS, recheckMs = RECHECK_MS } = options
  let { scope } = options
  const resumed = resumePoint(hub, options.lastEventId)
  let position = resumed ?? hub.newest
  let opening: string | null = `retry: ${RETRY_MS}\n\n`
  if (resumed === null && options.lastEventId !== null) opening += resetText(hub, position)
  let heartbeatAt = performance.now() + HEARTBEAT_MS
  let recheckAt = performance.now() + recheckMs
  let takenAt = performance.now()
  let pulling = false
  let rechecking = false
  let ended = false
  let wake = () => {}
  let control: ReadableStreamDefaultController<Uint8Array> | undefined

  const end = (error?: Error) => {
    if (ended) return
    ended = true
    leave()
    clearInterval(timer)
    signal.removeEventListener('abort', stop)
    wake()
    try {
      if (error) control?.error(error)
      else control?.close()
    } catch {
      // The reader had cancelled it.
    }
  }
  const stop = () => end()
  const leave = hub.join(() => wake(), watchesStandings)

  const checkAgain = async () => {
    if (rechecking) return
    rechecking = true
    try {
      const now = await recheck()
      if (now === null) return end()
      scope = now
      recheckAt = performance.now() + recheckMs
    } catch {
      // The database is away: then there is nothing to tell either. Asked again at the next tick.
    } finally {
      rechecking = false
    }
  }

  const timer = setInterval(
    () => {
      const now = performance.now()
      if (!pulling && now - takenAt > stalledMs)
        return end(new Error('the client takes nothing from its stream'))
      if (now >= recheckAt) void checkAgain()
      if (now >= heartbeatAt) wake()
    },
    Math.min(TICK_MS, stalledMs / 4, recheckMs / 4),
  )
  timer.unref()
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()

  const nextPiece = (): string | null => {
    if (opening !== null) {
      const text = opening
      opening = null
      return text
    }
    const events = hub.since(position)
    if (events === null) {
      position = hub.newest
      return resetText(hub, position)
    }
    let text = ''
    for (const event of events) {
      position = event.n
      const wanted = event.event !== 'standings' || watchesStandings
      const data = wanted ? event.dataFor(scope) : null
      if (data !== null) text += eventText(hub, event, data)
      if (text.length > MAX_PIECE_CHARACTERS) break
    }
    if (text !== '') return text
    if (performance.now() < heartbeatAt) return null
    return ': still here\n\n'
  }

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        control = controller
        if (ended) controller.close()
      },
      async pull(controller) {
        pulling = true
        takenAt = performance.now()
        while (!ended) {
          const woken = new Promise<void>((resolve) => {
            wake = resolve
          })
          const piece = nextPiece()
          if (piece !== null) {
            heartbeatAt = performance.now() + HEARTBEAT_MS
            controller.enqueue(encoder.encode(piece))
            break
          }
          await woken
        }
        pulling = false
        takenAt = performance.now()
      },
      cancel() {
        end()
      },
    },
    { highWaterMark: 0 },
  )
}

/** Where to read on; null when it isn't known, or not all since then is held. */
function resumePoint(hub: Hub, lastEventId: string | null): number | null {
  const match = /^([0-9a-f]+)-(\d{1,15})$/.exec(lastEventId ?? '')
  if (match?.[1] !== hub.instance) return null
  const n = Number(match[2])
  return hub.since(n) === null ? null : n
}

function eventText(hub: Hub, { n, event }: RingEvent, data: string): string {
  return `id: ${hub.instance}-${n}\nevent: ${event}\ndata: ${data}\n\n`
}

function resetText(hub: Hub, n: number): string {
  return `id: ${hub.instance}-${n}\nevent: reset\ndata: {}\n\n`
}
