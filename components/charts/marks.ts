/** Where marks stand on a chart. */

/** From 0 (the left end of the drawing) to 1. Lines go from the first bucket to the last, bars stand in the midst of theirs. */
export function markPlace(index: number, buckets: number, kind: 'line' | 'bars'): number {
  if (kind === 'bars' || buckets < 2) return (index + 0.5) / buckets
  return index / (buckets - 1)
}

/** The bucket in which a time lies; null before the first. */
export function bucketAt(at: string, buckets: readonly string[]): number | null {
  const ms = Date.parse(at)
  const index = buckets.findLastIndex((bucket) => Date.parse(bucket) <= ms)
  return index < 0 ? null : index
}
