import { uuidv7obj } from 'uuidv7'

/** A new id: its prefix names the kind, the rest is a UUIDv7, so that ids sort by when they were made. */
export function newId(prefix: string): string {
  return `${prefix}_${uuidv7obj().toHex()}`
}
