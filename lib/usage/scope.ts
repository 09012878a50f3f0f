/** SQL conditions with their values, built piece by piece: what comes from outside is a parameter and never text. */
import type { RowScope } from '../api/actor.ts'

export class Conditions {
  readonly values: unknown[]
  readonly #parts: string[] = []

  /** `values` are shared by the parts of one statement. */
  constructor(values: unknown[] = []) {
    this.values = values
  }

  /** The placeholder of a value. */
  value(value: unknown): string {
    this.values.push(value)
    return `$${this.values.length}`
  }

  /** `sql` gets the placeholder. Nothing is added for undefined. */
  add(value: unknown, sql: (placeholder: string) => string): this {
    if (value !== undefined) this.#parts.push(sql(this.value(value)))
    return this
  }

  raw(sql: string): this {
    this.#parts.push(sql)
    return this
  }

  /**
   * Rows of `team_id` and `key_id` that the scope opens: whole teams, and the calls of one's own keys. `owned` are the
   * keys of the scope's user where they have been read already.
   */
  within(scope: RowScope, owned: readonly string[] | null = null): this {
    if (scope.teams === null) return this
    const either: string[] = []
    if (scope.teams.length > 0) either.push(`team_id = ANY(${this.value(scope.teams)})`)
    if (scope.userId !== null && (scope.ownTeams === null || scope.ownTeams.length > 0)) {
      const own = owned
        ? `key_id = ANY(${this.value(owned)})`
        : `key_id IN (SELECT id FROM api_keys WHERE user_id = ${this.value(scope.userId)})`
      either.push(scope.ownTeams === null ? own : `(team_id = ANY(${this.value(scope.ownTeams)}) AND ${own})`)
    }
    return this.raw(either.length > 0 ? `(${either.join(' OR ')})` : 'false')
  }

  get sql(): string {
    return this.#parts.length > 0 ? this.#parts.join(' AND ') : 'true'
  }
}
