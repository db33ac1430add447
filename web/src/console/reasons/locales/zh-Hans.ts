/** The words of the page for the form’s reasons, in Simplified Chinese. */
import type { Translation } from '../../../base/text';
import type { reasonsEn } from './en';

export const reasonsZh: Translation<typeof reasonsEn> = {
  'reasons.title': '表单中的退货原因',
  'reasons.intro': '买家可以选择哪些原因、如何表述。没有单独设置的类目，沿用“其他所有类目”的设置。',
  'reasons.failed': '退货原因加载失败',
  'reasons.category': '类目',
  'reasons.all': '其他所有类目',
  'reasons.new': '添加类目',
  'reasons.new_name': '类目名称，与您订单中的写法一致',
  'reasons.add': '添加',
  'reasons.offered': '提供“{reason}”',
  'reasons.words': '“{reason}”的自定义表述',
  'reasons.shipped': '留空则使用默认表述',
  'reasons.up': '上移“{reason}”',
  'reasons.needed': '请至少提供一个原因。',
  'reasons.save': '保存',
  'reasons.saved': '已保存。表单从现在起提供这些原因。',
  'reasons.drop': '恢复沿用“其他所有类目”',
  'reasons.dropped': '此类目不再有单独的原因。',
  'reasons.undo': '撤消',
};
