import { aboutCertificates, alertsFireOnlyWhereDeserved } from '../support/deserved-alerts.ts'

alertsFireOnlyWhereDeserved(aboutCertificates)
