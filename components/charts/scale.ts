/** A zero-based axis: rounded steps of 1, 2, 2.5 or 5, at most `steps` of them, the last one at or above `max`. */
export function zeroBasedTicks(max: number, steps = 4, factors = [1, 2, 2.5, 5, 10]): number[] {
  if (!(max > 0) || !Number.isFinite(max)) return [0, 1]
  const rough = max / steps
  const power = 10 ** Math.floor(Math.log10(rough))
  const factor = factors.find((candidate) => candidate * power >= rough * (1 - 1e-9)) ?? 10
  const step = factor * power
  const count = Math.max(1, Math.ceil((max / step) * (1 - 1e-9)))
  // toPrecision takes away what binary fractions add: 0.30000000000000004.
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)))
}

/** As above for what is counted: each step is whole, so that all are alike. */
export function wholeTicks(max: number, steps = 4): number[] {
  if (max <= steps) return Array.from({ length: Math.max(1, Math.ceil(max)) + 1 }, (_, index) => index)
  return zeroBasedTicks(max, steps, max / steps < 10 ? [1, 2, 5, 10] : undefined)
}

/** Indexes of at most `wanted` labels over `length` points, evenly spaced from the first on. */
export function labelIndexes(length: number, wanted: number): number[] {
  if (length === 0) return []
  const every = Math.max(1, Math.ceil(length / Math.max(1, wanted)))
  return Array.from({ length: Math.ceil(length / every) }, (_, index) => index * every)
}

/** Moves label positions (px, any order) apart to at least `gap`, within 0 … `height`, keeping their order. */
export function spreadLabels(positions: readonly number[], gap: number, height: number): number[] {
  const order = positions
    .map((position, index) => ({ position, index }))
    .sort((a, b) => a.position - b.position)
  let previous = Number.NEGATIVE_INFINITY
  for (const entry of order) {
    entry.position = Math.max(entry.position, previous + gap)
    previous = entry.position
  }
  let limit = height
  for (const entry of order.toReversed()) {
    entry.position = Math.min(entry.position, limit)
    limit = entry.position - gap
  }
  const out = new Array<number>(positions.length).fill(0)
  for (const entry of order) out[entry.index] = entry.position
  return out
}
