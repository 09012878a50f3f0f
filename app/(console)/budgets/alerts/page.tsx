import type { Metadata } from 'next'
import { AlertsScreen } from '@/components/budgets/alerts-screen'

export const metadata: Metadata = { title: 'Budget alerts' }

export default function Page() {
  return <AlertsScreen />
}
