import {
  Activity,
  BookOpen,
  Boxes,
  Building2,
  Gauge,
  History,
  KeyRound,
  LayoutDashboard,
  ListChecks,
  type LucideIcon,
  Network,
  Receipt,
  ScrollText,
  Server,
  Settings,
  Shapes,
  SquareTerminal,
  Ticket,
  Users,
  Wallet,
} from 'lucide-react'

export interface NavEntry {
  href: string
  label: string
  icon: LucideIcon
  /** The operation without which the screen has nothing to show. */
  needs: string | null
}

export interface NavGroup {
  label: string | null
  entries: readonly NavEntry[]
}

export const NAV: readonly NavGroup[] = [
  { label: null, entries: [{ href: '/', label: 'Overview', icon: LayoutDashboard, needs: null }] },
  {
    label: 'Traffic',
    entries: [
      { href: '/calls', label: 'Calls', icon: Activity, needs: 'calls.list' },
      { href: '/playground', label: 'Playground', icon: SquareTerminal, needs: 'routes.list' },
    ],
  },
  {
    label: 'Catalogue',
    entries: [
      { href: '/routes', label: 'Routes', icon: Network, needs: 'routes.list' },
      { href: '/providers', label: 'Providers', icon: Boxes, needs: 'providers.list' },
    ],
  },
  {
    label: 'Access',
    entries: [
      { href: '/teams', label: 'Teams', icon: Building2, needs: 'teams.list' },
      { href: '/consumers', label: 'Consumers', icon: Shapes, needs: 'consumers.list' },
      { href: '/keys', label: 'Keys', icon: KeyRound, needs: 'keys.list' },
      { href: '/users', label: 'Users', icon: Users, needs: 'users.list' },
      { href: '/access-tokens', label: 'Access tokens', icon: Ticket, needs: 'accessTokens.list' },
    ],
  },
  {
    label: 'Policy',
    entries: [
      { href: '/budgets', label: 'Budgets', icon: Wallet, needs: 'budgets.list' },
      { href: '/limits', label: 'Limits', icon: Gauge, needs: 'limits.list' },
    ],
  },
  { label: 'Money', entries: [{ href: '/prices', label: 'Prices', icon: Receipt, needs: 'prices.list' }] },
  {
    label: 'Operate',
    entries: [
      { href: '/gateways', label: 'Gateways', icon: Server, needs: 'gateways.list' },
      { href: '/revisions', label: 'Revisions', icon: History, needs: 'revisions.list' },
      { href: '/audit-log', label: 'Audit log', icon: ScrollText, needs: 'auditLog.list' },
      { href: '/settings', label: 'Settings', icon: Settings, needs: null },
      { href: '/docs/api', label: 'API reference', icon: BookOpen, needs: null },
    ],
  },
]

/** Not in the navigation, but places with a name. */
const OTHERS: readonly NavEntry[] = [{ href: '/setup', label: 'First steps', icon: ListChecks, needs: null }]

export function isWithin(pathname: string, href: string): boolean {
  return href === '/' ? pathname === '/' : pathname === href || pathname.startsWith(`${href}/`)
}

/** Where a path is: its group, if any, and its entry. */
export function locate(pathname: string): { group: string | null; entry: NavEntry } | null {
  for (const group of [...NAV, { label: null, entries: OTHERS }]) {
    const entry = group.entries.find((candidate) => isWithin(pathname, candidate.href))
    if (entry) return { group: group.label, entry }
  }
  return null
}
