/** The one list of operations: routing, OpenAPI, permissions and the suite over all endpoints read it. */
import { metaOperations } from '../api/meta-operations.ts'
import type { Operation } from '../api/operation.ts'
import { accessTokenOperations } from './access-tokens/operations.ts'
import { auditLogOperations } from './audit-log/operations.ts'
import { budgetAlertOperations } from './budgets/alert-operations.ts'
import { budgetOperations } from './budgets/operations.ts'
import { callOperations } from './calls/operations.ts'
import { consumerOperations } from './consumers/operations.ts'
import { eventOperations } from './events/operations.ts'
import { gatewayOperations } from './gateways/operations.ts'
import { keyOperations } from './keys/operations.ts'
import { limitOperations } from './limits/operations.ts'
import { meOperations } from './me/operations.ts'
import { priceOperations } from './prices/operations.ts'
import { unpricedOperations } from './prices/unpriced-operations.ts'
import { providerOperations } from './providers/operations.ts'
import { repricingOperations } from './repricings/operations.ts'
import { revisionOperations } from './revisions/operations.ts'
import { routeOperations } from './routes/operations.ts'
import { setupOperations } from './setup/operations.ts'
import { teamOperations } from './teams/operations.ts'
import { usageOperations } from './usage/operations.ts'
import { userOperations } from './users/operations.ts'

export const operations: readonly Operation[] = [
  ...teamOperations,
  ...userOperations,
  ...consumerOperations,
  ...keyOperations,
  ...providerOperations,
  ...routeOperations,
  ...priceOperations,
  ...unpricedOperations,
  ...repricingOperations,
  ...limitOperations,
  ...budgetOperations,
  ...budgetAlertOperations,
  ...accessTokenOperations,
  ...auditLogOperations,
  ...gatewayOperations,
  ...revisionOperations,
  ...callOperations,
  ...usageOperations,
  ...eventOperations,
  ...meOperations,
  ...setupOperations,
  ...metaOperations,
]
