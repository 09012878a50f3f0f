import { z } from 'zod'
import { operation } from '../../api/operation.ts'
import { containsText, listOf, listPage, listQuery } from '../../api/pagination.ts'
import { given } from '../rows.ts'
import { renderAlerts, visibleAlerts, withBudget } from './alert-rows.ts'
import { budgetReads } from './operations.ts'
import { budgetAlert } from './schema.ts'

export const budgetAlertOperations = [
  operation({
    id: 'budgetAlerts.list',
    method: 'GET',
    path: '/budget-alerts',
    summary: 'List the alerts of budgets, newest first',
    description:
      'One is raised when the books reach a share of `alertAt`: once for each period, share and, with `each`, subject. What calls in flight hold, and what a gateway has not shipped yet, does not count. `q` finds budgets by name. The stream of events tells each as `budgetAlert`. Alerts are kept for 100 days, those of budgets without a period for as long as the budget.',
    tag: 'Budgets',
    permission: budgetReads,
    etag: 'content',
    query: listQuery(['createdAt'], { budgetId: z.string().optional(), subject: z.string().optional() }),
    response: listOf(budgetAlert),
    async run(context, { query }) {
      const { budgetId, subject } = query
      const page = await listPage(
        'budgetAlerts',
        query,
        ({ where, ...order }) =>
          context.db.budgetAlert.findMany({
            where: {
              AND: [
                where,
                visibleAlerts(context.visibleTeams()),
                given({ budgetId, subject }),
                query.q ? { budget: { name: containsText(query.q) } } : {},
              ],
            },
            include: withBudget,
            ...order,
          }),
        (row) => row,
      )
      return { data: await renderAlerts(page.data), nextCursor: page.nextCursor }
    },
  }),
]
