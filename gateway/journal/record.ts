/**
 * The framing of the journal: marker, checksum, length, type, payload. Pure. The marker begins with a byte that no
 * UTF-8 text holds, so that no content of a payload can pass for a record when a damaged one is skipped.
 */
import { crc32 } from 'node:zlib'
import type { Intent } from './books.ts'

export const RECORD_TYPES = { checkpoint: 1, intent: 2, settle: 3, committed: 4, counters: 5 } as const
export type RecordType = (typeof RECORD_TYPES)[keyof typeof RECORD_TYPES]

const MARKER = Buffer.from([0xff, 0x47, 0x48, 0x4a])
const MARKER_NUMBER = MARKER.readUInt32BE(0)
export const HEADER_BYTES = 13
/** A checkpoint with tens of thousands of open intents fits; a flipped length does not get far. */
export const MAX_PAYLOAD_BYTES = 64 * 1024 * 1024

/** Of one unit of a string, at most. */
export const MAX_UTF8_BYTES = 3

let scratch = Buffer.allocUnsafeSlow(64 * 1024)

/**
 * marker (4) · CRC-32 of all that follows (4) · payload length (4) · type (1) · payload.
 * The result is overwritten by the next call.
 */
export function encodeRecord(type: RecordType, json: string): Buffer {
  const atMost = HEADER_BYTES + json.length * MAX_UTF8_BYTES
  if (scratch.length < atMost) scratch = Buffer.allocUnsafeSlow(atMost * 2)
  return scratch.subarray(0, encodeRecordInto(scratch, 0, type, json))
}

/**
 * Into a buffer that has room for the header and `MAX_UTF8_BYTES` for each unit of the text; returns where it ends.
 * @throws RangeError for a payload that no reader would take.
 */
export function encodeRecordInto(buffer: Buffer, at: number, type: RecordType, json: string): number {
  // One pass instead of measure and write.
  const length = buffer.write(json, at + HEADER_BYTES)
  if (length > MAX_PAYLOAD_BYTES) throw new RangeError(`a journal record of ${length} bytes`)
  const end = at + HEADER_BYTES + length
  buffer.writeUInt32BE(MARKER_NUMBER, at)
  buffer.writeUInt32BE(length, at + 8)
  buffer[at + 12] = type
  buffer.writeUInt32BE(crc32(buffer.subarray(at + 8, end)), at + 4)
  return end
}

export interface ScannedRecord {
  readonly type: number
  /** Of the payload, in the buffer. */
  readonly start: number
  readonly end: number
}

export interface Scan {
  readonly records: ScannedRecord[]
  /** Ranges that hold no valid record, with valid ones after them. */
  readonly damaged: { readonly from: number; readonly to: number }[]
  /** Where the last valid record ends; what follows is a torn tail. */
  readonly validEnd: number
}

/** Finds every valid record of a segment; never throws. */
export function scanRecords(buffer: Buffer): Scan {
  const records: ScannedRecord[] = []
  const damaged: { from: number; to: number }[] = []
  let validEnd = 0
  let position = 0
  while (position < buffer.length) {
    const record = recordAt(buffer, position)
    if (record) {
      if (position > validEnd) damaged.push({ from: validEnd, to: position })
      records.push(record)
      validEnd = record.end
      position = record.end
    } else {
      position = buffer.indexOf(MARKER, position + 1)
      if (position === -1) break
    }
  }
  return { records, damaged, validEnd }
}

function recordAt(buffer: Buffer, position: number): ScannedRecord | null {
  const start = position + HEADER_BYTES
  if (start > buffer.length || buffer.readUInt32BE(position) !== MARKER_NUMBER) return null
  const length = buffer.readUInt32BE(position + 8)
  const end = start + length
  if (length > MAX_PAYLOAD_BYTES || end > buffer.length) return null
  if (crc32(buffer.subarray(position + 8, end)) !== buffer.readUInt32BE(position + 4)) return null
  return { type: buffer[position + 12] ?? 0, start, end }
}

const SEQUENCE_PREFIX = '{"sequence":'

/** The payload of a settlement; `sequence` stands first, where it is read without parsing the rest. */
export function settlePayload(event: object, sequence: number): string {
  return `${SEQUENCE_PREFIX}${sequence},${JSON.stringify(event).slice(1)}`
}

/** The payload of an intent: its JSON. */
export function intentPayload(intent: Intent): string {
  const { hold, admission } = intent
  const rest = JSON.stringify({ ...intent, hold: undefined, admission: undefined })
  return `${rest.slice(0, -1)},"hold":${holdText(hold)},"admission":${holdText(admission)}}`
}

function holdText(hold: Intent['hold'] | null): string {
  return hold !== null && 'toText' in hold ? hold.toText() : JSON.stringify(hold)
}

/** The sequence of a settlement at `start`, or null when the payload is something else. */
export function sequenceAt(buffer: Buffer, start: number): number | null {
  let value = 0
  let position = start + SEQUENCE_PREFIX.length
  const first = position
  for (; position < buffer.length; position += 1) {
    const digit = (buffer[position] ?? 0) - 48
    if (digit < 0 || digit > 9) break
    value = value * 10 + digit
  }
  return position > first && Number.isSafeInteger(value) && value > 0 ? value : null
}
