/** The six roles, for the deployment or for one team, in falling order of power. */
import { z } from 'zod'

export const role = z.enum(['owner', 'admin', 'finance', 'team-admin', 'developer', 'viewer'])
export type Role = z.infer<typeof role>

export const ROLE_MEANINGS: Record<Role, string> = {
  owner: 'Everything, and who else is an owner',
  admin: 'Everything that the platform team does: providers, routes, people, keys',
  finance: 'Reads all costs and usage; keeps prices and budgets',
  'team-admin': 'Consumers, keys and people of a team',
  developer: 'Own API keys of the teams, and the calls made with them',
  viewer: 'Reads, changes nothing',
}
