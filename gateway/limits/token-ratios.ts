/**
 * How many tokens a model's vendor makes of a byte, learned from its own counts. The bound has a margin that grows with
 * the spread of what was seen, and whenever the vendor counted more than was thought.
 */

interface Ratio {
  seen: number
  mean: number
  /** Mean absolute deviation. */
  spread: number
  margin: number
  /** Output of answers without a cap, for limits: mean and deviation. */
  outputMean: number
  outputSpread: number
}

export interface TokenRatios {
  /** A vendor's own count of a request without pictures or sound. */
  learn(model: string, textBytes: number, inputTokens: number, outputTokens: number): void
  /** Tokens that so many bytes are thought to be at most, and never more than their number; null: too little was seen. */
  inputBound(model: string, textBytes: number): number | null
  /** What an answer without a cap is thought to take. */
  outputGuess(model: string): number
}

const ENOUGH = 20
const WEIGHT = 0.05
const MAX_MODELS = 5_000
const FIRST_OUTPUT_GUESS = 256
/** Framing that vendors add to every request and to which no byte of it corresponds. */
export const FRAMING_TOKENS = 16

export function createTokenRatios(): TokenRatios {
  const ratios = new Map<string, Ratio>()
  return {
    learn(model, textBytes, inputTokens, outputTokens) {
      if (textBytes === 0 || inputTokens === 0) return
      const value = inputTokens / textBytes
      const known = ratios.get(model)
      if (!known) {
        if (ratios.size >= MAX_MODELS) ratios.clear()
        ratios.set(model, {
          seen: 1,
          mean: value,
          spread: value / 4,
          margin: 1,
          outputMean: outputTokens,
          outputSpread: outputTokens / 2,
        })
        return
      }
      if (known.seen >= ENOUGH && inputTokens > boundOf(known, textBytes))
        known.margin = Math.min(4, known.margin * 1.1)
      known.seen += 1
      const weight = Math.max(WEIGHT, 1 / known.seen)
      known.spread += weight * (Math.abs(value - known.mean) - known.spread)
      known.mean += weight * (value - known.mean)
      known.outputSpread += weight * (Math.abs(outputTokens - known.outputMean) - known.outputSpread)
      known.outputMean += weight * (outputTokens - known.outputMean)
    },
    inputBound(model, textBytes) {
      const known = ratios.get(model)
      return known && known.seen >= ENOUGH ? Math.min(textBytes, boundOf(known, textBytes)) : null
    },
    outputGuess(model) {
      const known = ratios.get(model)
      return known ? Math.ceil(known.outputMean + 2 * known.outputSpread) : FIRST_OUTPUT_GUESS
    },
  }
}

function boundOf({ mean, spread, margin }: Ratio, textBytes: number): number {
  return Math.ceil(textBytes * (mean + 4 * spread) * margin) + FRAMING_TOKENS
}
