/**
 * Times are counted in fixed buckets, so that counts of any minutes, groups and gateways can be added. Upper bounds in
 * milliseconds, inclusive: half an octave each up to 65 s, then an octave; whatever takes longer than 70 minutes stands
 * in one more. Stored counts have this length and order: a change of the bounds needs a migration of the rollups.
 */
export const HISTOGRAM_BOUNDS_MS: readonly number[] = [
  1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512, 724, 1_024, 1_448, 2_048, 2_896,
  4_096, 5_793, 8_192, 11_585, 16_384, 23_170, 32_768, 46_341, 65_536, 131_072, 262_144, 524_288, 1_048_576,
  2_097_152, 4_194_304,
]

/** Bounds and the bucket of what exceeds them all. */
export const HISTOGRAM_SIZE = HISTOGRAM_BOUNDS_MS.length + 1

export function emptyHistogram(): number[] {
  return new Array<number>(HISTOGRAM_SIZE).fill(0)
}

/** Index of the bucket that counts a time in milliseconds. */
export function histogramBucket(ms: number): number {
  let low = 0
  let high = HISTOGRAM_BOUNDS_MS.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((HISTOGRAM_BOUNDS_MS[middle] ?? 0) < ms) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * Upper bound, in milliseconds, of the bucket in which the quantile (0 to 1) lies; null when nothing was counted. Beyond
 * the last bound it is the last bound.
 */
export function histogramQuantile(counts: readonly number[], quantile: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  const rank = Math.max(1, Math.ceil(total * quantile))
  let seen = 0
  for (const [index, count] of counts.entries()) {
    seen += count
    if (seen >= rank) return HISTOGRAM_BOUNDS_MS[Math.min(index, HISTOGRAM_BOUNDS_MS.length - 1)] ?? null
  }
  return null
}
