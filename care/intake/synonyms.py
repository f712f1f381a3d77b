"""What shops call the columns that the house knows, and the words they write into them."""

import re
import unicodedata
from collections.abc import Mapping

_ORDER = (
    "order id|order no|order number|order code|basket id|transaction id|invoice no"
    "|invoice id|receipt id|订单号|订单编号|订单id|单号"
)
_CUSTOMER = (
    "customer id|uid|user id|member id|member no|customer no|customer number"
    "|client id|cust id|household id|会员号|会员编号|会员id|客户号|客户编号|客户id"
    "|用户id|用户编号"
)
_PRODUCT = (
    "product id|sku|sku id|item id|article id|product code|item code|product no"
    "|商品id|商品编号|商品编码|产品id|产品编号|货号"
)

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "customers": {
        "customer_id": "customer id|id|uid|user id|member id|member no|customer no|customer number"
        "|client id|cust id|household id|会员号|会员编号|会员id|客户号|客户编号|客户id"
        "|用户id|用户编号|编号",
        "name": "name|full name|customer name|member name|姓名|客户姓名|会员姓名|名字",
        "family_name": "family name|last name|surname|姓|姓氏",
        "given_name": "given name|first name|forename|名",
        "honorific": "honorific|title|salutation|称谓|称呼",
        "gender": "gender|sex|性别",
        "birthday": "birthday|birth date|date of birth|dob|生日|出生日期",
        "birth_year": "birth year|year of birth|出生年|出生年份",
        "birth_month": "birth month|month of birth|出生月|出生月份",
        "birth_day": "birth day of month|day of birth|出生日",
        "birth_calendar": "birth calendar|calendar|历法|生日历法|生日类型",
        "birth_leap": "birth leap|leap month|闰月",
        "wedding_on": "wedding on|wedding date|wedding day|结婚日期|结婚纪念日",
        "spouse_name": "spouse name|spouse|partner name|配偶|配偶姓名",
        "joined_on": "joined on|joined at|joined|join date|registered on|registered at|sign up date"
        "|registration date|member since|created at|created on|注册日期|注册时间|入会日期|入会时间",
        "locale": "locale|language|lang|语言",
        "timezone": "timezone|tz|时区",
        "region": "region|state|province|country|city|地区|省份|省|城市",
        "email": "email|email address|mail|邮箱|电子邮箱|电子邮件|邮件地址",
        "phone": "phone|phone number|mobile|mobile phone|mobile number|cell|cell phone|telephone"
        "|tel|手机|手机号|手机号码|电话|联系电话",
        "preferred_channel": "preferred channel|channel|首选渠道|联系方式",
        "email_consent": "email consent|email opt in|accepts email marketing"
        "|同意邮件|接收邮件|邮件订阅",
        "sms_consent": "sms consent|sms opt in|accepts sms marketing|同意短信|接收短信|短信订阅",
        "sensitive_consent": "sensitive consent",
        "household_id": "household|household no|household number|family id"
        "|家庭号|家庭编号|家庭id|户号",
        "advisor": "adviser|advisor name|personal advisor|account manager|consultant"
        "|sales associate|顾问|顾问姓名|专属顾问|会员顾问|客户经理|导购",
        "advisor_phone": "adviser phone|advisor tel|account manager phone"
        "|顾问电话|顾问手机|客户经理电话|导购电话",
        "advisor_email": "adviser email|account manager email|顾问邮箱|客户经理邮箱|导购邮箱",
        "festivals": "festival preference|holidays|holiday preference|节日|节日偏好|节日祝福",
        "dislikes": "dislike|does not like|gift dislikes|忌讳|不喜欢|忌口",
    },
    "products": {
        "product_id": "product id|id|sku|sku id|item id|article id|product code|item code"
        "|product no|商品id|商品编号|商品编码|产品id|产品编号|货号",
        "name": "name|product name|item name|title|product title|商品名称|产品名称|名称|品名",
        "name_zh": "name zh|name cn|chinese name|中文名|中文名称",
        "product_type": "product type|type|subcategory|sub category|subclass|商品类型|类型|小类",
        "category": "category|product category|class|分类|类别|品类|商品分类",
        "department": "department|dept|division|部门|大类",
        "price": "price|list price|unit price|retail price|sale price|价格|单价|售价|零售价",
        "stage": "stage|life cycle stage|lifecycle|生命周期|商品阶段",
        "successor": "successor|replaced by|superseded by|替代商品|接替商品",
        "service_interval_days": "service interval|maintenance interval|保养周期|维护周期",
        "warranty_days": "warranty|guarantee days|保修天数|保修期",
        "stock": "stock|in stock|stock level|inventory|库存|库存数量",
        "flagged_on": "flagged on|recalled on|recall date|召回日期",
        "introduced_on": "introduced on|launch date|launched on|上市日期|上架日期",
    },
    "orders": {
        "order_id": _ORDER,
        "customer_id": _CUSTOMER,
        "product_id": _PRODUCT,
        "quantity": "quantity|qty|units|pieces|数量|件数|购买数量",
        "amount": "amount|line total|line amount|total|total price|total amount|net amount"
        "|sales value|revenue|paid|金额|总价|实付金额|支付金额|销售额|小计",
        "ordered_at": "ordered at|order date|order time|order datetime|timestamp|date|purchased at"
        "|purchase date|transaction timestamp|transaction date|invoice date|created at|paid at"
        "|下单时间|订单时间|订单日期|购买时间|购买日期|支付时间|成交时间|日期",
        "state": "status|order status|order state|payment status|订单状态|支付状态|交易状态",
    },
    "cases": {
        "case_id": "case id|case no|ticket|ticket id|ticket no|工单号|工单编号|售后单号",
        "customer_id": _CUSTOMER,
        "product_id": _PRODUCT,
        "kind": "case type|ticket type|type|matter|reason|工单类型|售后类型|类型",
        "opened_on": "opened|opened at|open date|created at|created on|受理日期|受理时间|创建时间",
        "closed_on": "closed|closed at|close date|resolved at|resolved on"
        "|结案日期|关闭时间|完成时间",
        "satisfaction": "rating|score|csat|满意度|评分",
    },
    "deliveries": {
        "order_id": _ORDER,
        "customer_id": _CUSTOMER,
        "product_id": _PRODUCT,
        "promised_on": "promised|promised date|expected on|expected delivery|estimated delivery|eta"
        "|预计送达|预计送达时间",
        "failed_on": "failed|failed at|not delivered|派送失败时间|投递失败时间",
        "delivered_on": "delivered|delivered at|delivery date|received at"
        "|签收时间|送达时间|收货时间",
    },
    "events": {
        "customer_id": _CUSTOMER,
        "product_id": _PRODUCT,
        "kind": "event|event type|event name|action|behavior|type|行为|行为类型|事件|事件类型",
        "happened_at": "event time|time|timestamp|occurred at|at|created at|date"
        "|行为时间|事件时间|发生时间|时间",
    },
    "consents": {
        "customer_id": _CUSTOMER,
        "purpose": "channel|consent type|scope|用途|授权类型|同意事项",
        "given": "granted|consent|consented|agreed|opted in|opt in|是否同意|同意",
        "given_at": "granted at|consented at|changed at|updated at|timestamp|time|date"
        "|同意时间|授权时间|时间",
        "source": "origin|collected by|来源|渠道",
    },
}
"""Table → canonical column → names, the likeliest first."""

_YES = "y|yes|t|on|ja|si|oui|subscribed|是|同意|已订阅"
_NO = "n|no|f|off|nein|non|unsubscribed|否|不同意|未订阅"

WORDS: Mapping[str, Mapping[str, str]] = {
    "gender": {"female": "f|w|woman|ms|2|女|女性|女士", "male": "m|man|mr|1|男|男性|先生"},
    "birth_calendar": {"lunar": "农历|阴历|旧历", "gregorian": "solar|公历|阳历|新历"},
    "birth_leap": {"true": _YES, "false": _NO},
    "locale": {"zh-CN": "cn|chinese|中文|简体中文|汉语", "en": "english|英文|英语"},
    "preferred_channel": {"email": "e-mail|mail|邮件|电子邮件", "sms": "text|mobile|短信|手机"},
    "email_consent": {"true": _YES, "false": _NO},
    "sms_consent": {"true": _YES, "false": _NO},
    "sensitive_consent": {"true": _YES, "false": _NO},
    "given": {"true": _YES, "false": _NO},
    "purpose": {"email": "e-mail|mail|邮件", "sms": "text|短信", "sensitive": "敏感|敏感信息"},
    "state": {
        "paid": "complete|completed|shipped|delivered|fulfilled|finished"
        "|已付款|已支付|已发货|已收货|已完成|交易成功",
        "placed": "open|pending|unpaid|awaiting payment|pending payment"
        "|待付款|待支付|未付款|未支付",
        "cancelled": "canceled|called off|void|voided|closed|expired|已取消|已关闭|交易关闭",
        "returned": "refunded|已退款|已退货",
    },
    "kind": {
        "complaint": "投诉",
        "repair": "维修|报修",
        "return": "退货|退换货",
        "inquiry": "question|enquiry|咨询",
        "view": "pv|viewed|page view|product view|look|looked|浏览|点击",
        "cart": "add to cart|added to cart|put in cart|加购|加入购物车",
    },
    "festivals": {"none": "no|nothing|无|不要|不需要|都不要"},
}
"""Column → canonical word → what else stands for it; the house knows its own word by itself."""

FILE_NAMES: Mapping[str, str] = {
    "customers": "customer|member|client|user|people|会员|客户|用户",
    "products": "product|item|catalog|goods|sku|商品|产品",
    "orders": "order|sale|transaction|basket|line|订单|销售|交易",
    "cases": "case|ticket|complaint|service|工单|售后|投诉",
    "deliveries": "deliver|shipment|shipping|parcel|物流|配送|快递",
    "consents": "consent|permission|opt|授权|同意",
    "events": "event|behavior|behaviour|click|view|cart|行为|事件|浏览|加购",
}

_MINOR = re.compile(r"(in)?(cents?|minor|fen)$|分$")


def plain(name: str) -> str:
    """Write a name without what spelling adds: capitals, blanks, dashes, full width."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", name).casefold()))


def without_unit(name: str) -> str:
    """Drop the word for minor units that the plain name of an amount may end with."""
    return _MINOR.sub("", name)
