import { problem } from './problem.ts'

/** Deeper than any body of ours; what walks the value recursively is safe below it. */
const MAX_DEPTH = 64

/**
 * JSON.parse that also refuses what it lets pass: a key given twice (two parsers may then read two different things),
 * and nesting without end.
 * @throws Problem 400
 */
export function parseJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw problem('invalid_json', error instanceof Error ? placeOf(error.message, text) : undefined)
  }
  refuseDuplicates(text)
  return value
}

/** V8 quotes the body in its message, and a body may hold a secret: only the place is told. */
function placeOf(message: string, text: string): string {
  const position = /position (\d+)/.exec(message)?.[1]
  if (position === undefined) return 'The body ends too early or is not JSON.'
  const before = text.slice(0, Number(position)).split('\n')
  return `Not valid JSON at line ${before.length}, column ${(before.at(-1) ?? '').length + 1}.`
}

/** `text` is valid JSON: strings, brackets and commas are all that has to be told apart. */
function refuseDuplicates(text: string): void {
  const open: (Set<string> | null)[] = []
  let keyExpected = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '{') {
      open.push(new Set())
      keyExpected = true
    } else if (character === '[') {
      open.push(null)
      keyExpected = false
    } else if (character === '}' || character === ']') {
      open.pop()
      keyExpected = false
    } else if (character === ',') {
      keyExpected = open.at(-1) instanceof Set
    } else if (character === '"') {
      const start = at
      for (at++; text[at] !== '"'; at++) if (text[at] === '\\') at++
      if (!keyExpected) continue
      keyExpected = false
      const key = JSON.parse(text.slice(start, at + 1)) as string
      const keys = open.at(-1)
      if (keys?.has(key))
        throw problem('invalid_json', `The key ${JSON.stringify(key.slice(0, 60))} is given twice.`)
      keys?.add(key)
    }
    if (open.length > MAX_DEPTH) throw problem('invalid_json', `Nested deeper than ${MAX_DEPTH} levels.`)
  }
}
