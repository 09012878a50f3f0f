/**
 * Which target answers. Targets of the lowest priority share the load by their weights, smoothly interleaved; the next
 * priority is the fallback. A target that asked to be left alone gets no call until then.
 */
import type { Clock } from '../clock.ts'
import type { CompiledRoute, CompiledTarget } from '../snapshot/configuration.ts'

export interface Balancer {
  plan(route: CompiledRoute, usable: (target: CompiledTarget) => boolean): TargetPlan
  /** No call to this target for `ms`. */
  leaveAlone(target: CompiledTarget, ms: number): void
}

export interface TargetPlan {
  /** How many targets could be asked at all. */
  readonly size: number
  /**
   * The next target to try: those not tried yet first, in their order, then from the start again. A number: all that is
   * left wants to be left alone for so many milliseconds. Null: nothing is left.
   */
  next(): CompiledTarget | number | null
  /** This target says the same each time: not again in this call. */
  giveUpOn(target: CompiledTarget): void
  /** This target has no room for this call for `ms`. */
  passOver(target: CompiledTarget, ms: number): void
  /** Whether another target could be asked at once. */
  hasAnother(target: CompiledTarget): boolean
  tried(target: CompiledTarget): boolean
}

const MAX_COOLING = 10_000

export function createBalancer(clock: Clock): Balancer {
  /** Running weights of smooth weighted round-robin; they live as long as the compiled route. */
  const turns = new WeakMap<CompiledRoute, Float64Array>()
  const coolUntil = new Map<string, number>()

  const waitFor = (target: CompiledTarget): number => {
    if (coolUntil.size === 0) return 0
    const key = coolingKey(target)
    const until = coolUntil.get(key)
    if (until === undefined) return 0
    const left = until - clock.monotonic()
    if (left <= 0) coolUntil.delete(key)
    return Math.max(0, left)
  }

  return {
    plan(route, usable) {
      let current = turns.get(route)
      if (!current) {
        current = new Float64Array(route.targets.length)
        turns.set(route, current)
      }
      return new Plan(orderTargets(route, usable, waitFor, current), waitFor, clock)
    },
    leaveAlone(target, ms) {
      if (coolUntil.size >= MAX_COOLING) {
        for (const [key, until] of coolUntil) if (until <= clock.monotonic()) coolUntil.delete(key)
        if (coolUntil.size >= MAX_COOLING) return
      }
      const key = coolingKey(target)
      coolUntil.set(key, Math.max(coolUntil.get(key) ?? 0, clock.monotonic() + ms))
    },
  }
}

function coolingKey({ provider, model }: CompiledTarget): string {
  return `${provider.id} ${model}`
}

class Plan implements TargetPlan {
  readonly #order: CompiledTarget[]
  readonly #waitFor: (target: CompiledTarget) => number
  readonly #tried = new Set<CompiledTarget>()
  readonly #givenUp = new Set<CompiledTarget>()
  readonly #clock: Clock
  #passedUntil: Map<CompiledTarget, number> | null = null
  #at = 0

  constructor(order: CompiledTarget[], waitFor: (target: CompiledTarget) => number, clock: Clock) {
    this.#order = order
    this.#waitFor = waitFor
    this.#clock = clock
  }

  get size(): number {
    return this.#order.length
  }

  next(): CompiledTarget | number | null {
    let shortest = Number.POSITIVE_INFINITY
    for (let step = 0; step < this.#order.length; step += 1) {
      const target = this.#order[(this.#at + step) % this.#order.length]
      if (!target || this.#givenUp.has(target)) continue
      const wait = this.#wait(target)
      if (wait > 0) {
        shortest = Math.min(shortest, wait)
        continue
      }
      this.#at = (this.#at + step + 1) % this.#order.length
      this.#tried.add(target)
      return target
    }
    return shortest === Number.POSITIVE_INFINITY ? null : shortest
  }

  giveUpOn(target: CompiledTarget): void {
    this.#givenUp.add(target)
  }

  passOver(target: CompiledTarget, ms: number): void {
    this.#passedUntil ??= new Map()
    this.#passedUntil.set(target, this.#clock.monotonic() + ms)
  }

  hasAnother(target: CompiledTarget): boolean {
    return this.#order.some(
      (other) => other !== target && !this.#givenUp.has(other) && this.#wait(other) <= 0,
    )
  }

  #wait(target: CompiledTarget): number {
    const passed = this.#passedUntil?.get(target)
    const wait = this.#waitFor(target)
    return passed === undefined ? wait : Math.max(wait, passed - this.#clock.monotonic())
  }

  tried(target: CompiledTarget): boolean {
    return this.#tried.has(target)
  }
}

/** All usable targets by priority; within one, the target whose turn it is, then the others by weight. */
function orderTargets(
  route: CompiledRoute,
  usable: (target: CompiledTarget) => boolean,
  waitFor: (target: CompiledTarget) => number,
  current: Float64Array,
): CompiledTarget[] {
  const indexes: number[] = []
  for (const [index, target] of route.targets.entries()) if (usable(target)) indexes.push(index)
  if (indexes.length <= 1) return indexes.map((index) => at(route, index))
  indexes.sort(
    (a, b) => at(route, a).priority - at(route, b).priority || at(route, b).weight - at(route, a).weight,
  )
  const ordered: CompiledTarget[] = []
  for (let start = 0; start < indexes.length; ) {
    let end = start + 1
    const { priority } = at(route, indexes[start] ?? 0)
    while (end < indexes.length && at(route, indexes[end] ?? 0).priority === priority) end += 1
    const group = indexes.slice(start, end)
    const chosen = takeTurn(route, group, waitFor, current)
    ordered.push(at(route, chosen))
    for (const index of group) if (index !== chosen) ordered.push(at(route, index))
    start = end
  }
  return ordered
}

/** Smooth weighted round-robin: of weights 5, 1, 1 the order is a a b a c a a, never five in a row. */
function takeTurn(
  route: CompiledRoute,
  group: number[],
  waitFor: (target: CompiledTarget) => number,
  current: Float64Array,
): number {
  const awake = group.filter((index) => waitFor(at(route, index)) === 0)
  const candidates = awake.length > 0 ? awake : group
  let total = 0
  let best = candidates[0] ?? 0
  for (const index of candidates) {
    const { weight } = at(route, index)
    total += weight
    current[index] = (current[index] ?? 0) + weight
    if ((current[index] ?? 0) > (current[best] ?? 0)) best = index
  }
  current[best] = (current[best] ?? 0) - total
  return best
}

function at(route: CompiledRoute, index: number): CompiledTarget {
  const target = route.targets[index]
  if (!target) throw new RangeError(`route ${route.route.name} has no target ${index}`)
  return target
}
