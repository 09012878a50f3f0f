/**
 * Reads answers of HTTP/1.1 (RFC 9112) from the bytes of one connection. It takes the strict reading only: whatever
 * leaves in doubt where an answer ends is an error, and ends the connection.
 */
import type { UpstreamHeaders } from './upstream.ts'

export interface ResponseHandler {
  onHead(status: number, headers: UpstreamHeaders): void
  onBody(chunk: Buffer): void
  /** The answer is whole; `reusable`: another request may follow on this connection. */
  onComplete(reusable: boolean): void
}

/** The bytes are no answer. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
}

const MAX_HEAD_BYTES = 64 * 1024
const MAX_CHUNK_LINE_BYTES = 4 * 1024
const MAX_CHUNK_DIGITS = 13
const END_OF_HEAD = Buffer.from('\r\n\r\n')
const CR = 0x0d
const LF = 0x0a

/** A status line and field lines, as latin1, without the empty line. */
const HEAD =
  /^HTTP\/1\.[01] [1-9]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?(?:\r\n[\w!#$%&'*+.^`|~-]+:[\t\x20-\x7e\x80-\xff]*)*$/

type State = 'head' | 'length' | 'toEnd' | 'chunkSize' | 'chunk' | 'chunkEnd' | 'trailer' | 'over'

/** One answer; announcements (1xx) before it are skipped. */
export class ResponseParser {
  readonly #handler: ResponseHandler
  #state: State = 'head'
  /** Of a head that came in pieces. */
  #held: Buffer | null = null
  #heldBytes = 0
  /** Bytes of the body, or of its chunk, that are still to come. */
  #left = 0
  #reusable = false
  /** Of a chunk's line, or of the trailer. */
  #lineBytes = 0
  #digits = 0
  #inExtension = false
  #sawCr = false
  #emptyLine = true

  constructor(handler: ResponseHandler) {
    this.#handler = handler
  }

  /** After this the handler hears nothing more. */
  stop(): void {
    this.#state = 'over'
    this.#held = null
  }

  /**
   * The next bytes; what stands behind the answer's end is not read.
   * @throws ProtocolError; then nothing more may be pushed.
   * @returns how many bytes were read
   */
  push(bytes: Buffer): number {
    let at = 0
    while (at < bytes.length) {
      switch (this.#state) {
        case 'head':
          at = this.#readHead(bytes, at)
          break
        case 'length':
        case 'chunk':
          at = this.#readBody(bytes, at)
          break
        case 'toEnd':
          this.#handler.onBody(bytes.subarray(at))
          at = bytes.length
          break
        case 'over':
          return at
        default:
          this.#readByte(bytes[at] ?? 0)
          at += 1
      }
    }
    return at
  }

  /** The connection ended here. False: in the middle of an answer. */
  end(): boolean {
    if (this.#state !== 'toEnd') return this.#state === 'over'
    this.#complete()
    return true
  }

  #readHead(bytes: Buffer, at: number): number {
    if (this.#heldBytes === 0) {
      const end = bytes.indexOf(END_OF_HEAD, at)
      if (end !== -1) {
        if (end - at > MAX_HEAD_BYTES) throw new ProtocolError('a head without end')
        this.#takeHead(bytes.toString('latin1', at, end))
        return end + END_OF_HEAD.length
      }
    }
    return this.#gatherHead(bytes, at)
  }

  /** A head in pieces: searched from where its end may have begun, so that many small ones cost no more than one. */
  #gatherHead(bytes: Buffer, at: number): number {
    const before = this.#heldBytes
    const taken = Math.min(bytes.length - at, MAX_HEAD_BYTES + END_OF_HEAD.length - before)
    if (taken === 0) throw new ProtocolError('a head without end')
    if (this.#held === null || this.#held.length < before + taken) {
      const larger = Buffer.allocUnsafe(Math.max(1_024, (before + taken) * 2))
      this.#held?.copy(larger, 0, 0, before)
      this.#held = larger
    }
    bytes.copy(this.#held, before, at, at + taken)
    this.#heldBytes = before + taken
    const end = this.#held.subarray(0, this.#heldBytes).indexOf(END_OF_HEAD, Math.max(0, before - 3))
    if (end === -1) return at + taken
    const head = this.#held.toString('latin1', 0, end)
    this.#held = null
    this.#heldBytes = 0
    this.#takeHead(head)
    return at + end + END_OF_HEAD.length - before
  }

  #takeHead(head: string): void {
    if (!HEAD.test(head)) throw new ProtocolError('no head of HTTP/1.1')
    const [statusLine = '', ...lines] = head.split('\r\n')
    const status = Number(statusLine.slice(9, 12))
    if (status === 101) throw new ProtocolError('another protocol, which nobody asked for')
    if (status < 200) return
    const headers = fieldsOf(lines)
    const framing = headers['transfer-encoding']
    const length = headers['content-length']
    const isHttp10 = statusLine[7] === '0'
    this.#reusable = staysOpen(headers.connection, isHttp10)
    if (framing !== undefined) {
      if (isHttp10 || length !== undefined || String(framing).toLowerCase() !== 'chunked')
        throw new ProtocolError('an end that is in doubt')
      this.#state = 'chunkSize'
    } else if (length !== undefined) {
      if (typeof length !== 'string' || !/^\d{1,15}$/.test(length))
        throw new ProtocolError('a length that is none')
      this.#left = Number(length)
      this.#state = 'length'
    } else this.#state = 'toEnd'
    const isEmpty = status === 204 || status === 304 || (this.#state === 'length' && this.#left === 0)
    if (this.#state === 'toEnd' && !isEmpty) this.#reusable = false
    this.#handler.onHead(status, headers)
    if (isEmpty) this.#complete()
  }

  #readBody(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left)
    this.#left -= end - at
    this.#handler.onBody(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end))
    if (this.#left > 0) return end
    if (this.#state === 'length') this.#complete()
    else if (this.#state === 'chunk') this.#state = 'chunkEnd'
    return end
  }

  /** Of the framing between chunks (RFC 9112 §7.1). */
  #readByte(byte: number): void {
    if (this.#sawCr) {
      if (byte !== LF) throw new ProtocolError('a line that ends halfway')
      this.#sawCr = false
      this.#endLine()
    } else if (byte === CR) this.#sawCr = true
    else if (byte === LF || this.#state === 'chunkEnd')
      throw new ProtocolError('a byte where a line should end')
    else this.#readLineByte(byte)
  }

  #readLineByte(byte: number): void {
    this.#lineBytes += 1
    this.#emptyLine = false
    if (this.#state === 'trailer') {
      if (this.#lineBytes > MAX_HEAD_BYTES) throw new ProtocolError('a trailer without end')
      return
    }
    if (this.#lineBytes > MAX_CHUNK_LINE_BYTES) throw new ProtocolError('a line without end')
    if (this.#inExtension) return
    const digit = hexDigit(byte)
    if (digit !== -1 && this.#digits < MAX_CHUNK_DIGITS) {
      this.#digits += 1
      this.#left = this.#left * 16 + digit
      return
    }
    const isExtension = byte === 0x3b || byte === 0x20 || byte === 0x09
    if (!isExtension || this.#digits === 0) throw new ProtocolError('a chunk of no size')
    this.#inExtension = true
  }

  #endLine(): void {
    const { left, digits, wasEmpty } = { left: this.#left, digits: this.#digits, wasEmpty: this.#emptyLine }
    this.#emptyLine = true
    if (this.#state === 'trailer') {
      if (wasEmpty) this.#complete()
      return
    }
    this.#lineBytes = 0
    if (this.#state === 'chunkEnd') {
      this.#state = 'chunkSize'
      return
    }
    if (digits === 0) throw new ProtocolError('a chunk of no size')
    this.#digits = 0
    this.#inExtension = false
    this.#state = left === 0 ? 'trailer' : 'chunk'
  }

  #complete(): void {
    if (this.#state === 'over') return
    this.#state = 'over'
    this.#handler.onComplete(this.#reusable)
  }
}

/** Names in lower case; a field that stands several times is a list. */
function fieldsOf(lines: readonly string[]): Record<string, string | string[] | undefined> {
  const fields: Record<string, string | string[] | undefined> = Object.create(null)
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    const known = fields[name]
    fields[name] = known === undefined ? value : Array.isArray(known) ? [...known, value] : [known, value]
  }
  return fields
}

function staysOpen(connection: string | string[] | undefined, isHttp10: boolean): boolean {
  if (connection === undefined) return !isHttp10
  const options = String(connection).toLowerCase()
  return !/\bclose\b/.test(options) && (!isHttp10 || /\bkeep-alive\b/.test(options))
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
