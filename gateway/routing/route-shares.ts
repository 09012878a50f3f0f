/** How the calls of one route were spread over its targets in the last half minute. */
import { RollingWindow } from './rolling-window.ts'

export class RouteShares {
  readonly #byTarget = new Map<string, RollingWindow>()

  /** @param key of the target */
  add(key: string, now: number): void {
    let window = this.#byTarget.get(key)
    if (!window) {
      window = new RollingWindow()
      this.#byTarget.set(key, window)
    }
    window.add(now, false)
  }

  calls(key: string, now: number): number {
    return this.#byTarget.get(key)?.calls(now) ?? 0
  }
}
