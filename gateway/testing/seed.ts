/** For tests that sample: a seed that is printed, so that what failed once can be run again. */

/** `GATEHOUSE_TEST_SEED`, or another one each time. */
export function testSeed(what: string): number {
  const seed = Number(process.env.GATEHOUSE_TEST_SEED ?? Date.now() % 1_000_000)
  console.log(`${what}: GATEHOUSE_TEST_SEED=${seed} runs the same again`)
  return seed
}

/** Mulberry32: small, and the same on every machine. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Every one of them with `GATEHOUSE_TEST_LONG=1`; else `count` that the seed picks, in their order. */
export function sample<T>(all: readonly T[], count: number, random: () => number): T[] {
  if (process.env.GATEHOUSE_TEST_LONG === '1' || all.length <= count) return [...all]
  const picked = new Set<number>()
  while (picked.size < count) picked.add(Math.floor(random() * all.length))
  return [...picked].sort((a, b) => a - b).flatMap((index) => all.slice(index, index + 1))
}
