/** Texts longer than a notification may be: sent in numbered pieces, put together by whoever hears them. */
import { MAX_PAYLOAD_BYTES } from './channels.ts'

/** Half-received texts are forgotten after this many newer ones. */
const MAX_OPEN = 50

/** Payloads for one text: `<id> <n> <of> <piece>`. `id` has no spaces. */
export function intoPieces(id: string, text: string): string[] {
  // In base64, so that no character is cut in two.
  const encoded = Buffer.from(text).toString('base64')
  const size = MAX_PAYLOAD_BYTES - 200
  const count = Math.max(1, Math.ceil(encoded.length / size))
  return Array.from(
    { length: count },
    (_, n) => `${id} ${n} ${count} ${encoded.slice(n * size, (n + 1) * size)}`,
  )
}

/** Takes payloads in any order; gives the text when its last piece has come, else null. */
export function createAssembler(): (payload: string) => { id: string; text: string } | null {
  const open = new Map<string, string[]>()
  return (payload) => {
    const [id = '', n = '', of = '', piece = ''] = payload.split(' ')
    const pieces = open.get(id) ?? []
    pieces[Number(n)] = piece
    if (Object.keys(pieces).length < Number(of)) {
      open.set(id, pieces)
      if (open.size > MAX_OPEN) open.delete(open.keys().next().value ?? '')
      return null
    }
    open.delete(id)
    return { id, text: Buffer.from(pieces.join(''), 'base64').toString() }
  }
}
