import math

import pytest

from services.ocr.layout import arrange
from services.ocr.page import Region

from .pages import PITCH, at, bent, centred, lines_of, skewed, table


def read(regions: list[Region]) -> list[str]:
    return lines_of(arrange(regions, 1000, 1400).text)


RECEIPT = [
    ["矿泉水 550ml x3", "6.00"],
    ["方便面 红烧味 x2", "9.80"],
    ["纸巾 三层 120抽", "2.50"],
    ["合计:", "18.30"],
    ["实收:20.00", "找零:1.70"],
]


@pytest.mark.parametrize("degrees", [0.0, 2.0, -4.0, 5.0])
def test_a_label_and_its_price_stay_on_one_row(degrees: float) -> None:
    page = [centred(200, 30, "青石巷便民超市"), *table(RECEIPT, [50, 320], 80)]
    assert read(skewed(page, degrees)) == ["青石巷便民超市", *(" ".join(row) for row in RECEIPT)]


def test_long_names_and_long_prices_stay_on_one_row() -> None:
    rows = [[f"Organic wholegrain product no. {n}", f"EUR {n}1,234.56"] for n in range(1, 12)]
    assert read(table(rows, [50, 500], 80)) == [" ".join(row) for row in rows]


def test_the_rows_of_a_table_stay_whole() -> None:
    rows = [
        ["姓名", "语文", "数学", "英语"],
        *([f"学生{n}号", f"{80 + n}", f"{90 - n}", f"{70 + n}"] for n in range(12)),
    ]
    assert read(table(rows, [50, 250, 400, 550], 80)) == [" ".join(row) for row in rows]


def test_the_rows_of_a_table_of_words_stay_whole() -> None:
    rows = [["动物的分类名称", "主要的生活环境", "常见的食物种类"]]
    rows += [
        ["哺乳动物的代表", "森林草原与海洋", "草类果实和肉类"],
        ["鸟类动物的代表", "天空湖泊与森林", "昆虫种子和鱼类"],
    ]
    rows += [
        ["鱼类动物的代表", "江河湖泊与海洋", "水草浮游和小鱼"],
        ["两栖动物的代表", "池塘水田与河岸", "昆虫蚯蚓和蜗牛"],
    ]
    assert read(table(rows, [60, 320, 580], 80)) == [" ".join(row) for row in rows]


def test_the_options_of_a_question_stay_on_one_row() -> None:
    rows = [row for n in range(1, 6) for row in ([f"{n}.最小的数是()"], ["A.0.5", "B.-2", "C.1", "D.-0.5"])]
    assert read(table(rows, [60, 210, 360, 510], 80)) == [" ".join(row) for row in rows]


def test_options_in_two_rows_of_two_are_read_across() -> None:
    rows = [
        row
        for n in range(1, 6)
        for row in (
            [f"{n}.正确的是()"],
            ["A.体积小的物体是质点", "B.质量小的物体是质点"],
            ["C.地球可以看成质点吗", "D.乒乓球看成是质点吧"],
        )
    ]
    assert read(table(rows, [60, 400], 80)) == [" ".join(row) for row in rows]


def test_questions_numbered_across_are_read_across() -> None:
    rows = [[f"{n}. 解方程并且写出检验过程", f"{n + 1}. 计算下列各式的值并化简"] for n in range(1, 13, 2)]
    assert read(table(rows, [60, 460], 80)) == [" ".join(row) for row in rows]


def test_what_a_label_asks_for_stands_beside_it() -> None:
    rows = [
        ["申请人姓名全称:", "青石巷便民超市有限公司"],
        ["法定代表人姓名:", "王小明以及李大力两人"],
        ["注册地址所在地:", "某某省某某市某某区某路"],
        ["主要经营范围是:", "日用百货以及食品的零售"],
    ]
    assert read(table(rows, [60, 400], 80)) == [" ".join(row) for row in rows]


def test_the_rows_of_a_bent_page_stay_whole() -> None:
    rows = [[f"商品名称第{n}号", "一箱", f"{n}.50"] for n in range(15)]
    rows.insert(7, ["以上商品已经打折以下商品恕不打折敬请各位顾客谅解并欢迎再次光临本店", "", "0.00"])
    page = bent(table(rows, [60, 400, 800], 80), lambda x, y: (x, y + 16 * math.sin(x / 900 * math.pi)))
    assert read(page) == [" ".join(filter(None, row)) for row in rows]


def test_the_rows_of_a_page_seen_from_the_side_stay_whole() -> None:
    rows = [[f"这一行的左边有一些字{n}", f"{n}.50"] for n in range(20)]
    page = bent(table(rows, [60, 700], 80), lambda x, y: (x, y + (x - 60) * (y - 400) * 1e-4))
    assert read(page) == [" ".join(row) for row in rows]


def test_a_large_figure_beside_two_lines_does_not_tear_them() -> None:
    page = [at(60, 80, "98", 50), at(150, 78, "总分第一名的同学"), at(150, 78 + PITCH, "来自高一三班的班长")]
    assert read(page) == ["98 总分第一名的同学", "来自高一三班的班长"]
