/** The credentials of one provider: calls take turns over those that its vendor takes just now. */
import { Credential, type SavedCredential } from './credential.ts'

export class ProviderCredentials {
  readonly providerId: string
  /** Of the list that they stand in: another list begins with nothing known. */
  readonly version: string
  readonly list: Credential[] = []
  #turn = 0
  /** Monotonic milliseconds: after that none is out, so that calls need not look at each. */
  #allReadyAt = 0

  constructor(providerId: string, version: string) {
    this.providerId = providerId
    this.version = version
  }

  /** Whether one may stand in for another. A single one goes with every call: its vendor's word is for the caller. */
  get areSeveral(): boolean {
    return this.list.length > 1
  }

  /** A provider without credentials is asked without: that is one, too. */
  growTo(count: number): this {
    while (this.list.length < Math.max(1, count)) this.list.push(new Credential(this.list.length))
    return this
  }

  /** Milliseconds for which no call for this model may go with any of them; 0: one is ready. */
  waitMs(model: string, now: number): number {
    if (now >= this.#allReadyAt || !this.areSeveral) return 0
    let shortest = Number.POSITIVE_INFINITY
    for (const credential of this.list) shortest = Math.min(shortest, credential.waitMs(model, now))
    return shortest
  }

  /**
   * The credential for a call that leaves now; null: none is ready.
   * @param mayAskAgain false: a call with a single try is not spent on one that was refused, as long as another is there
   */
  take(model: string, now: number, mayAskAgain: boolean): Credential | null {
    const [only] = this.list
    if (!this.areSeveral) return only ?? null
    let refused: Credential | null = null
    for (let step = 0; step < this.list.length; step += 1) {
      const credential = this.list[this.#turn]
      this.#turn = (this.#turn + 1) % this.list.length
      if (!credential || credential.waitMs(model, now) > 0) continue
      if (!credential.isRefused) return credential
      if (mayAskAgain) return this.#tryAgain(credential, now)
      refused = credential
    }
    return refused && this.#tryAgain(refused, now)
  }

  /** The place of the one for a look at the server that is no call: nobody's turn is taken. */
  firstReady(now: number): number {
    return this.list.find((credential) => credential.state(now).state === 'ready')?.position ?? 0
  }

  /** Whether every one of them was refused: then there is nothing to wait for. */
  areAllRefused(): boolean {
    return this.list.every(({ isRefused }) => isRefused)
  }

  refuse(credential: Credential, now: number, code: string): void {
    credential.refuse(now, code)
    this.#noteOut(credential)
  }

  rest(credential: Credential, model: string, until: number, code: string): void {
    credential.rest(model, until, code)
    this.#noteOut(credential)
  }

  restore(position: number, saved: SavedCredential, now: number, wallNow: number): void {
    const credential = this.growTo(position + 1).list[position]
    if (!credential) return
    credential.restore(saved, now, wallNow)
    this.#noteOut(credential)
  }

  #tryAgain(credential: Credential, now: number): Credential {
    credential.tryAgain(now)
    this.#noteOut(credential)
    return credential
  }

  #noteOut({ outUntil }: Credential): void {
    this.#allReadyAt = Math.max(this.#allReadyAt, outUntil)
  }
}
