/**
 * Gathers the records of one turn of the event loop, so that they go to the operating system in one piece. Their bytes
 * stay where they were made for as long as somebody holds an event: the shipper sends them without another copy.
 */
import type { Intent } from './books.ts'
import {
  encodeRecordInto,
  HEADER_BYTES,
  intentPayload,
  MAX_UTF8_BYTES,
  RECORD_TYPES,
  type RecordType,
  settlePayload,
} from './record.ts'

const SLAB_BYTES = 256 * 1024

/** An event that waits to be shipped: its JSON, in the bytes that its record was written from or read as. */
export class StoredEvent {
  readonly sequence: number
  readonly #bytes: Buffer
  readonly #start: number
  readonly #end: number

  constructor(sequence: number, bytes: Buffer, start: number, end: number) {
    this.sequence = sequence
    this.#bytes = bytes
    this.#start = start
    this.#end = end
  }

  get length(): number {
    return this.#end - this.#start
  }

  get text(): string {
    return this.#bytes.toString('utf8', this.#start, this.#end)
  }

  copyTo(target: Buffer, at: number): void {
    this.#bytes.copy(target, at, this.#start, this.#end)
  }

  /** The whole record, with its header. */
  get record(): Buffer {
    return this.#bytes.subarray(this.#start - HEADER_BYTES, this.#end)
  }
}

/** What was gathered, to be written at once; all of it is, or nothing. */
export interface TakenTurn {
  readonly bytes: Buffer
  readonly intents: readonly Intent[]
  readonly events: readonly StoredEvent[]
  /** Tells those who wait whether it was written. */
  readonly end: (written: boolean) => void
}

export class Turn {
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
  #from = 0
  #to = 0
  #intents: Intent[] = []
  #events: StoredEvent[] = []
  #end: PromiseWithResolvers<boolean> | null = null

  get isEmpty(): boolean {
    return this.#from === this.#to
  }

  /** How many were gathered: they have numbers, and nobody may be told of them yet. */
  get events(): number {
    return this.#events.length
  }

  /** Resolves for all who ask in this turn alike. */
  get ended(): Promise<boolean> {
    this.#end ??= Promise.withResolvers<boolean>()
    return this.#end.promise
  }

  /** @throws RangeError for a record that no reader would take; here and below. */
  add(type: RecordType, json: string): void {
    this.#encode(type, json)
  }

  addIntent(intent: Intent): void {
    this.#encode(RECORD_TYPES.intent, intentPayload(intent))
    this.#intents.push(intent)
  }

  addEvent(event: object, sequence: number): void {
    const start = this.#encode(RECORD_TYPES.settle, settlePayload(event, sequence)) + HEADER_BYTES
    this.#events.push(new StoredEvent(sequence, this.#slab, start, this.#to))
  }

  /** What comes next begins a turn of its own. */
  take(): TakenTurn {
    const end = this.#end
    const taken = {
      bytes: this.#slab.subarray(this.#from, this.#to),
      intents: this.#intents,
      events: this.#events,
      end: (written: boolean) => end?.resolve(written),
    }
    this.#from = this.#to
    this.#intents = []
    this.#events = []
    this.#end = null
    return taken
  }

  #encode(type: RecordType, json: string): number {
    const atMost = HEADER_BYTES + json.length * MAX_UTF8_BYTES
    if (this.#slab.length - this.#to < atMost) this.#moveOn(atMost)
    const start = this.#to
    this.#to = encodeRecordInto(this.#slab, start, type, json)
    return start
  }

  /** Events that were made hold the slab that they stand in; what isn't written yet goes along. */
  #moveOn(room: number): void {
    const waiting = this.#slab.subarray(this.#from, this.#to)
    const slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, (waiting.length + room) * 2))
    waiting.copy(slab)
    this.#slab = slab
    this.#from = 0
    this.#to = waiting.length
  }
}
