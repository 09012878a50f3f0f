import {
  type RouteEntity,
  type RouteTarget,
  routeKind,
  routePolicy,
  strategy,
} from '../../contract/entities.ts'

export interface RouteColumns {
  readonly id: string
  readonly name: string
  readonly kind: string
  readonly strategy: string
  readonly enabled: boolean
  readonly policy: unknown
  /** In their order. */
  readonly targets: readonly RouteTarget[]
}

export function routeEntityOf(row: RouteColumns): RouteEntity {
  return {
    type: 'route',
    id: row.id,
    name: row.name,
    kind: routeKind.parse(row.kind),
    strategy: strategy.parse(row.strategy),
    enabled: row.enabled,
    targets: row.targets.map(({ providerId, model, weight, priority, group }) => ({
      providerId,
      model,
      weight,
      priority,
      group,
    })),
    ...routePolicy.parse(row.policy),
  }
}
