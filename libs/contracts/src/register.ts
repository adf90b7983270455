import { Cnpj, Count, Flag, Identifier, Optional, Text, TimeZone } from './fields.js';

/** Data of `erp.company.*`, `erp.branch.*` and `erp.business-unit.*`: one entry of the register [empresa, filial, unidade de negócio]. */
export class RegisterEntryChanged {
  /** The code the ERP knows it by, unique within its parent. */
  @Identifier()
  code!: string;

  @Text(200)
  name!: string;

  @Optional()
  @Text(200)
  tradingName?: string;

  /** A business unit has none of its own. */
  @Optional()
  @Cnpj()
  cnpj?: string;

  /** Days and windows are those of this zone; America/Sao_Paulo where it says nothing. */
  @Optional()
  @TimeZone()
  timeZone?: string;

  /** The code of the company of a branch, of the branch of a business unit. */
  @Optional()
  @Identifier()
  parent?: string;

  @Flag()
  active!: boolean;

  @Count()
  sequence!: number;
}
