/**
 * Reads the long line of a whole configuration without holding the event loop: its entities are parsed a few at a time.
 * Where one entity ends is all that it looks for; whether it is JSON is for JSON.parse to say.
 */

/** Entities are last in the line, as the admin writes it. */
const ENTITIES = '"entities":['
/** A line that does not begin so soon with them is parsed as a whole. */
const MAX_HEAD_CHARACTERS = 2_000
const SLICE_CHARACTERS = 256 * 1024

/** Whether the line is a snapshot that is worth the slices. */
export function isLongSnapshot(line: string): boolean {
  return (
    line.length > SLICE_CHARACTERS &&
    line.startsWith('{"kind":"snapshot"') &&
    line.endsWith(']}') &&
    line.slice(0, MAX_HEAD_CHARACTERS).includes(ENTITIES)
  )
}

/** @throws SyntaxError */
export async function parseLongSnapshot(
  line: string,
  sliceCharacters = SLICE_CHARACTERS,
): Promise<Record<string, unknown>> {
  const start = line.indexOf(ENTITIES) + ENTITIES.length
  const end = line.length - ']}'.length
  const head = JSON.parse(`${line.slice(0, start)}]}`) as Record<string, unknown>
  const entities: unknown[] = []
  for (let from = start; from < end; ) {
    const to = endOfSlice(line, from, Math.min(end, from + sliceCharacters), end)
    for (const entity of JSON.parse(`[${line.slice(from, to)}]`) as unknown[]) entities.push(entity)
    from = to + 1
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { ...head, entities }
}

const [QUOTE, COMMA, OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = [...'",[]{}'].map((text) => text.charCodeAt(0))
const BACKSLASH = 92

/** The first comma between entities from `enough` on, or `end`. */
function endOfSlice(line: string, from: number, enough: number, end: number): number {
  let depth = 0
  for (let at = from; at < end; at += 1) {
    const code = line.charCodeAt(at)
    if (code === QUOTE) at = endOfText(line, at)
    else if (code === OPEN || code === OPEN_LIST) depth += 1
    else if (code === CLOSE || code === CLOSE_LIST) depth -= 1
    else if (code === COMMA && depth === 0 && at >= enough) return at
  }
  return end
}

/** The closing quote. @throws SyntaxError when there is none. */
function endOfText(line: string, quote: number): number {
  for (let at = line.indexOf('"', quote + 1); at !== -1; at = line.indexOf('"', at + 1)) {
    let escapes = 0
    while (line.charCodeAt(at - 1 - escapes) === BACKSLASH) escapes += 1
    if (escapes % 2 === 0) return at
  }
  throw new SyntaxError('a text without an end')
}
