/** How fast an answer came, as its reader saw it. Times are milliseconds of one clock that never goes back. */

export interface Timing {
  readonly startedAt: number
  /** When the first text, reasoning or tool call was there; of a whole answer that is its end. */
  readonly firstTokenAt: number | null
  readonly endedAt: number | null
}

export interface Speed {
  /** Null for an answer that came whole. */
  readonly firstTokenMs: number | null
  readonly totalMs: number | null
  readonly tokensPerSecond: number | null
}

/** Shorter than this, what is measured is how the network packs, not how a model writes. */
const MIN_SPAN_MS = 20

/** @param outputTokens null while they are not known. */
export function speedOf(
  { startedAt, firstTokenAt, endedAt }: Timing,
  outputTokens: number | null,
  stream: boolean,
): Speed {
  const firstTokenMs = stream && firstTokenAt !== null ? firstTokenAt - startedAt : null
  const totalMs = endedAt === null ? null : endedAt - startedAt
  const rate = () => {
    if (endedAt === null || outputTokens === null) return null
    // The first token is where the clock begins: the others came in this time.
    const [tokens, spanMs] =
      stream && firstTokenAt !== null
        ? [outputTokens - 1, endedAt - firstTokenAt]
        : [outputTokens, endedAt - startedAt]
    return tokens > 0 && spanMs >= MIN_SPAN_MS ? (tokens * 1_000) / spanMs : null
  }
  return { firstTokenMs, totalMs, tokensPerSecond: rate() }
}

/** `84 tokens/s`, `4.2 tokens/s`. */
export function formatRate(tokensPerSecond: number): string {
  return `${tokensPerSecond >= 10 ? Math.round(tokensPerSecond) : Number(tokensPerSecond.toFixed(1))} tokens/s`
}
