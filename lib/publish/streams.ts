/**
 * The streams to the gateways of this admin. A stream is pulled: a message is made when the one before has been taken,
 * from what the head is by then. So nothing is buffered for a slow gateway: it gets fewer, larger change sets, and one
 * that takes nothing at all is dropped.
 */
import 'server-only'
import type pg from 'pg'
import { type ControlMessage, OLDEST_PROTOCOL, PING_MS, type StreamQuery } from '../contract/control.ts'
import type { Feed } from './feed.ts'
import { bookRefusal, greetGateway, tooOld } from './fleet.ts'
import { replaceEpoch } from './head.ts'
import { changeSetLine, line, snapshotPieces } from './messages.ts'

export interface Streams {
  /** The body of the answer. Ends when `signal` aborts, or when the gateway dials again. */
  open(query: StreamQuery, signal: AbortSignal): ReadableStream<Uint8Array>
  /** Gateways connected to this admin. */
  connected(): string[]
  /** Sends a message to a connected gateway, before change sets; false when it isn't here. */
  send(gatewayId: string, message: ControlMessage): boolean
  close(): void
}

/** A gateway that takes nothing for this long, while there is something to take, is dropped. */
const STALLED_MS = 30_000
/** Looked at every sixth of PING_MS: never later than it. */
const PING_AFTER_MS = PING_MS * 0.8
/** Messages that wait for one gateway (questions), not counting change sets, which never wait. */
const MAX_WAITING = 100

interface OpenStream {
  readonly send: (message: ControlMessage) => boolean
  readonly end: () => void
}

export function createStreams(pool: pg.Pool, feed: Feed): Streams {
  const streams = new Map<string, OpenStream>()

  const open = (query: StreamQuery, signal: AbortSignal): ReadableStream<Uint8Array> => {
    if (query.protocol < OLDEST_PROTOCOL) {
      const reason = tooOld(query.protocol)
      return new ReadableStream({
        async start(controller) {
          await bookRefusal(pool, query, reason).catch((error: Error) =>
            console.error(`the refusal of gateway ${query.gatewayId} was not kept: ${error.message}`),
          )
          controller.enqueue(line({ kind: 'refused', reason }))
          controller.close()
        },
      })
    }
    streams.get(query.gatewayId)?.end()

    const waiting: ControlMessage[] = []
    let position =
      query.epoch === undefined || query.revision === undefined
        ? null
        : { epoch: query.epoch, revision: query.revision }
    let pieces: ReturnType<typeof snapshotPieces> | null = null
    let greeted = false
    let ended = false
    let pingAt = 0
    let takenAt = performance.now()
    let pulling = false
    let wake = () => {}

    const nextChunk = async (): Promise<Uint8Array | null> => {
      if (pieces) {
        const step = await pieces.next()
        if (!step.done) return step.value
        pieces = null
        position = { epoch: step.value.epoch, revision: step.value.revision }
      }
      const message = waiting.shift()
      if (message) return line(message)
      const { head } = feed
      if (!head) return null
      if (!greeted) {
        greeted = true
        await greetGateway(pool, query)
      }
      if (position?.epoch === head.epoch && position.revision > head.revision) {
        // Perhaps this admin alone is behind: what counts is the head in the database.
        await replaceEpoch(pool, position)
        await feed.advance()
        return nextChunk()
      }
      const changes = position ? feed.changesSince(position.epoch, position.revision) : null
      if (position && changes && position.revision < head.revision) {
        const from = position.revision
        const bytes = await changeSetLine(pool, head, from, changes)
        position = { epoch: head.epoch, revision: head.revision }
        pingAt = performance.now() + PING_AFTER_MS
        return bytes
      }
      if (!changes) {
        pieces = snapshotPieces(pool)
        return nextChunk()
      }
      // A ping says that nothing newer is known, which needs a database that answers. In silence the gateway dials again,
      // and may find an admin that has one.
      if (performance.now() < pingAt || !feed.isFresh()) return null
      pingAt = performance.now() + PING_AFTER_MS
      return line({ kind: 'ping', epoch: head.epoch, currentRevision: head.revision, hash: head.hash })
    }

    let control: ReadableStreamDefaultController<Uint8Array> | undefined
    const end = (error?: Error) => {
      if (ended) return
      ended = true
      clearInterval(timer)
      stopMove()
      signal.removeEventListener('abort', stop)
      if (streams.get(query.gatewayId) === mine) streams.delete(query.gatewayId)
      // Ends the read-only transaction of a snapshot that is under way.
      void pieces?.return?.(undefined as never).catch(() => undefined)
      wake()
      try {
        if (error) control?.error(error)
        else control?.close()
      } catch {
        // The reader had cancelled it.
      }
    }
    const stop = () => end()
    const mine: OpenStream = {
      end: stop,
      send(message) {
        if (waiting.length >= MAX_WAITING) return false
        waiting.push(message)
        wake()
        return true
      },
    }
    streams.set(query.gatewayId, mine)
    signal.addEventListener('abort', stop)
    const stopMove = feed.onMove(() => wake())
    const timer = setInterval(() => {
      if (!pulling && performance.now() - takenAt > STALLED_MS) {
        return end(new Error('the gateway takes nothing from its stream'))
      }
      wake()
    }, PING_MS / 6)
    timer.unref()
    if (signal.aborted) stop()

    return new ReadableStream<Uint8Array>(
      {
        start(controller) {
          control = controller
          if (ended) controller.close()
        },
        async pull(controller) {
          pulling = true
          takenAt = performance.now()
          try {
            while (!ended) {
              // Taken before anything is looked at, so that what comes meanwhile is not slept through.
              const woken = new Promise<void>((resolve) => {
                wake = resolve
              })
              const chunk = await nextChunk()
              if (ended) return
              if (chunk) {
                controller.enqueue(chunk)
                return
              }
              await woken
            }
          } catch (error) {
            if (!ended)
              console.error(`the stream of gateway ${query.gatewayId} ended: ${(error as Error).message}`)
            end(error as Error)
          } finally {
            pulling = false
            takenAt = performance.now()
          }
        },
        cancel() {
          end()
        },
      },
      { highWaterMark: 0 },
    )
  }

  return {
    open,
    connected: () => [...streams.keys()],
    send: (gatewayId, message) => streams.get(gatewayId)?.send(message) ?? false,
    close() {
      for (const stream of [...streams.values()]) stream.end()
    },
  }
}
