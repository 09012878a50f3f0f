import type { Metadata } from 'next'
import { BudgetsScreen } from '@/components/budgets/budgets-screen'

export const metadata: Metadata = { title: 'Budgets' }

export default function Page() {
  return <BudgetsScreen />
}
