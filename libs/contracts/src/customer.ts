import {
  CalendarDate,
  Charge,
  Count,
  Document,
  Flag,
  Identifier,
  OneOf,
  Optional,
  Part,
  Parts,
  Text,
  TextList,
} from './fields.js';
import { DocumentFitsPersonType } from './person.js';

export const PERSON_TYPES = ['F', 'J'] as const;
/** F: a natural person with a CPF [pessoa física]; J: a legal entity with a CNPJ [pessoa jurídica]. */
export type PersonType = (typeof PERSON_TYPES)[number];

/** Only bounded, never judged: registers are old, and a partner that needs more refuses for itself. */
export class Address {
  @Optional()
  @Text(200)
  street?: string;

  @Optional()
  @Text(20)
  number?: string;

  @Optional()
  @Text(120)
  complement?: string;

  /** [bairro] */
  @Optional()
  @Text(120)
  district?: string;

  @Optional()
  @Text(120)
  city?: string;

  /** The municipality's IBGE code. */
  @Optional()
  @Text(10)
  cityCode?: string;

  /** [UF] */
  @Optional()
  @Text(40)
  state?: string;

  /** [CEP] */
  @Optional()
  @Text(12)
  zipCode?: string;

  @Optional()
  @Text(60)
  country?: string;
}

/** The customer as other aggregates carry it: who owes a title, who signed a contract. */
@DocumentFitsPersonType()
export class ReceivableCustomer {
  @Identifier()
  id!: string;

  @OneOf(PERSON_TYPES)
  personType!: PersonType;

  /** CPF or CNPJ: upper case, no punctuation, letters kept. */
  @Document()
  document!: string;

  @Text(200)
  name!: string;

  @Optional()
  @Text(254)
  email?: string;

  @Optional()
  @Text(40)
  phone?: string;

  @Optional()
  @Part(() => Address)
  address?: Address;
}

export class CustomerContact {
  @Optional()
  @Identifier()
  id?: string;

  @Text(200)
  name!: string;

  @Optional()
  @Text(80)
  role?: string;

  @Optional()
  @Text(254)
  email?: string;

  @Optional()
  @Text(40)
  phone?: string;

  @Optional()
  @Flag()
  principal?: boolean;
}

export const AGENT_KINDS = [
  'customer',
  'supplier',
  'broker',
  'seller',
  'guarantor',
  'spouse',
  'employee',
  'carrier',
  'other',
] as const;
export const CREDIT_SITUATIONS = ['released', 'under-analysis', 'blocked'] as const;

/** Data of `erp.customer.*`: the register of one customer or agent [cliente, agente] after the change. */
@DocumentFitsPersonType()
export class CustomerChanged {
  @Identifier()
  customerId!: string;

  @OneOf(PERSON_TYPES)
  personType!: PersonType;

  /** Absent for a foreigner without CPF. */
  @Optional()
  @Document()
  document?: string;

  @Text(200)
  name!: string;

  /** [nome fantasia] */
  @Optional()
  @Text(200)
  tradingName?: string;

  /** [inscrição estadual, RG] */
  @Optional()
  @Text(30)
  registration?: string;

  /** What this agent is to the company [tipos de agente]. */
  @TextList({ max: 20, of: AGENT_KINDS })
  agentKinds!: (typeof AGENT_KINDS)[number][];

  @Optional()
  @Text(254)
  email?: string;

  @Optional()
  @Text(40)
  phone?: string;

  @Optional()
  @Part(() => Address)
  address?: Address;

  @Optional()
  @Parts(() => CustomerContact, { max: 200 })
  contacts?: CustomerContact[];

  @Optional()
  @CalendarDate()
  birthDate?: string;

  /** The spouse's customerId [cônjuge]: the CRM refuses a spouse it does not know yet. */
  @Optional()
  @Identifier()
  spouseId?: string;

  /** [situação de crédito] */
  @Optional()
  @OneOf(CREDIT_SITUATIONS)
  creditSituation?: (typeof CREDIT_SITUATIONS)[number];

  /** [limite de crédito] */
  @Optional()
  @Charge()
  creditLimit?: string;

  @Flag()
  active!: boolean;

  @Count()
  sequence!: number;
}
