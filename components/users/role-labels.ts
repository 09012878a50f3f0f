import type { Role } from '@/lib/resources/roles'

export const ROLE_LABELS: Record<Role, string> = {
  owner: 'Owner',
  admin: 'Admin',
  finance: 'Finance',
  'team-admin': 'Team admin',
  developer: 'Developer',
  viewer: 'Viewer',
}
