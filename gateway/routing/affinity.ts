/** What a call sticks by, so that it meets the target that its like met. */
import type { RouteEntity } from '../../lib/contract/entities.ts'
import { type Asked, fieldOf, headerOf } from './asked.ts'

export interface Stickiness {
  readonly value: string
  /** For people: `its key`. */
  readonly by: string
}

export function stickinessOf(
  { affinity: { by, name } }: Pick<RouteEntity, 'affinity'>,
  asked: Asked,
): Stickiness {
  const { subjects } = asked
  const key: Stickiness = { value: `key ${subjects.keyId ?? ''}`, by: 'its key' }
  const of = (value: string | null, words: string): Stickiness | null =>
    value === null ? null : { value: `${by} ${value}`, by: words }
  const user = () => of(subjects.endUser ?? fieldOf(asked, 'user'), 'its end user')
  switch (by) {
    case 'auto':
      return of(fieldOf(asked, 'prompt_cache_key'), 'its prompt_cache_key') ?? user() ?? key
    case 'key':
      return key
    case 'consumer':
      return of(subjects.consumerId, 'its consumer') ?? key
    case 'user':
      return user() ?? key
    case 'header':
      return of(headerOf(asked, name ?? ''), `its header ${name}`) ?? key
    case 'field':
      return of(fieldOf(asked, name ?? ''), `its field ${name}`) ?? key
  }
}
