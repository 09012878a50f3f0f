/**
 * An incremental parser of server-sent events over bytes (WHATWG HTML, §9.2.6), for reading beside a flow: every byte
 * of the input stands in exactly one event's `raw`, in order, so whoever forwards them all forwards the stream as it came.
 * It decodes no text: a UTF-8 sequence that is split between chunks never meets a decoder.
 */

export interface SseEvent {
  /** The event's bytes as they came, its blank line included. */
  readonly raw: Buffer
  /** The `data` lines joined by newlines; null for a comment or an event without data. */
  readonly data: Buffer | null
}

export class SseOverflow extends Error {
  constructor(maxEventBytes: number) {
    super(`an event of more than ${maxEventBytes} bytes`)
    this.name = 'SseOverflow'
  }
}

const LF = 0x0a
const CR = 0x0d
const COLON = 0x3a
const SPACE = 0x20
const NEWLINE = Buffer.from('\n')
const NO_EVENTS: SseEvent[] = []

export class SseDecoder {
  readonly #maxEventBytes: number
  /** The pieces of an event that isn't complete; joined when a piece with a line end comes, so that copying stays linear. */
  #pieces: Buffer[] = []
  #pendingBytes = 0
  /** Bytes of the joined pieces whose lines are known not to end the event; a scan goes on from here. */
  #scanned = 0
  /** Where the line begins that the scan stands in. */
  #lineStart = 0
  #atStart = true

  constructor(maxEventBytes: number) {
    this.#maxEventBytes = maxEventBytes
  }

  /**
   * Events that this chunk completes, in order.
   * @throws SseOverflow when an event grows past the bound; the decoder is of no use afterwards.
   */
  push(chunk: Buffer): SseEvent[] {
    if (!chunk.includes(LF) && !chunk.includes(CR)) {
      this.#hold(chunk)
      return NO_EVENTS
    }
    const buffer = this.#take(chunk)
    const hasCr = buffer.includes(CR)
    const events: SseEvent[] = []
    let eventStart = 0
    let lineStart = this.#lineStart
    let position = this.#scanned
    while (position < buffer.length) {
      const end = endOfLine(buffer, position, hasCr)
      if (end === -1) {
        position = buffer.length
        break
      }
      let next = end + 1
      if (buffer[end] === CR) {
        // A CR that ends the chunk may be half of a CRLF. An empty line is acted on at once, so that an event is never
        // late; an LF that follows then opens the next event's bytes, where it means nothing.
        if (next < buffer.length) {
          if (buffer[next] === LF) next += 1
        } else if (end !== lineStart) {
          position = end
          break
        }
      }
      if (end === lineStart && !(buffer[end] === LF && end === eventStart)) {
        events.push(this.#event(buffer.subarray(eventStart, next), hasCr))
        eventStart = next
      }
      lineStart = next
      position = next
    }
    this.#scanned = position - eventStart
    this.#lineStart = lineStart - eventStart
    if (eventStart < buffer.length) this.#hold(buffer.subarray(eventStart))
    return events
  }

  /** What is left when the stream ended without a blank line: some vendors leave the last one out. */
  finish(): SseEvent | null {
    if (this.#pendingBytes === 0) return null
    const raw = this.#take(null)
    this.#scanned = 0
    this.#lineStart = 0
    return this.#event(raw, raw.includes(CR))
  }

  #hold(piece: Buffer): void {
    this.#pieces.push(piece)
    this.#pendingBytes += piece.length
    if (this.#pendingBytes > this.#maxEventBytes) throw new SseOverflow(this.#maxEventBytes)
  }

  #take(chunk: Buffer | null): Buffer {
    if (this.#pendingBytes === 0 && chunk) return chunk
    if (chunk) this.#pieces.push(chunk)
    const [first] = this.#pieces
    const joined = this.#pieces.length === 1 && first ? first : Buffer.concat(this.#pieces)
    this.#pieces = []
    this.#pendingBytes = 0
    return joined
  }

  #event(raw: Buffer, hasCr: boolean): SseEvent {
    if (raw.length > this.#maxEventBytes) throw new SseOverflow(this.#maxEventBytes)
    let content = raw
    if (this.#atStart) {
      this.#atStart = false
      if (raw[0] === 0xef && raw[1] === 0xbb && raw[2] === 0xbf) content = raw.subarray(3)
    }
    return { raw, data: dataOf(content, hasCr) }
  }
}

/** The value of the `data` lines of one event. */
function dataOf(event: Buffer, hasCr: boolean): Buffer | null {
  let only: Buffer | null = null
  let several: Buffer[] | null = null
  let position = 0
  while (position < event.length) {
    const found = endOfLine(event, position, hasCr)
    const end = found === -1 ? event.length : found
    if (isDataLine(event, position, end)) {
      let start = Math.min(end, position + 5)
      if (start < end && event[start] === SPACE) start += 1
      const value = event.subarray(start, end)
      if (several) several.push(NEWLINE, value)
      else if (only) several = [only, NEWLINE, value]
      else only = value
    }
    position = end + 1
  }
  return several ? Buffer.concat(several) : only
}

/** A line `data`, or one that starts with `data:`. */
function isDataLine(bytes: Buffer, start: number, end: number): boolean {
  return (
    end - start >= 4 &&
    bytes[start] === 0x64 &&
    bytes[start + 1] === 0x61 &&
    bytes[start + 2] === 0x74 &&
    bytes[start + 3] === 0x61 &&
    (end - start === 4 || bytes[start + 4] === COLON)
  )
}

/** Index of the next CR or LF, or -1. */
function endOfLine(bytes: Buffer, from: number, hasCr: boolean): number {
  const lf = bytes.indexOf(LF, from)
  if (!hasCr) return lf
  const cr = bytes.indexOf(CR, from)
  if (cr === -1) return lf
  return lf === -1 ? cr : Math.min(cr, lf)
}
