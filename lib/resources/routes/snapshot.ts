import { type RouteEntity, routeKind, routePolicy, strategy } from '../../contract/entities.ts'

export interface RouteColumns {
  readonly id: string
  readonly name: string
  readonly kind: string
  readonly strategy: string
  readonly enabled: boolean
  readonly policy: unknown
  /** In their order. */
  readonly targets: readonly { providerId: string; model: string; weight: number; priority: number }[]
}

export function routeEntityOf(row: RouteColumns): RouteEntity {
  return {
    type: 'route',
    id: row.id,
    name: row.name,
    kind: routeKind.parse(row.kind),
    strategy: strategy.parse(row.strategy),
    enabled: row.enabled,
    targets: row.targets.map(({ providerId, model, weight, priority }) => ({
      providerId,
      model,
      weight,
      priority,
    })),
    ...routePolicy.parse(row.policy),
  }
}
