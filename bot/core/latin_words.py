"""Words that tell the three languages in Latin letters apart: the most frequent ones in our training texts (Vietnamese
without its marks, Chinese in pinyin) that are at least four times rarer in the other two.
"""

VIETNAMESE = frozenset(
    """
    co khong em cho lam duoc nguoi con toi thi nao la noi may nha gi roi dau ho moi ve nhan thang tu phai tien nam
    hoi ai ra gio mot hay ko cua tra nay dung doi ngay voi qua giay mat trong ca nghi vo sao muon cung vay tinh dua
    het minh viec biet ky phong chuyen xuong truoc goi chua tuoi nen bat ong chong nghe ty sau cu tieng vi nua tay
    thay nuoc don thu anh xe hoc khi dien len vao gia viet luong ngoai nhieu muoi hop mua dem nho luat van trung
    truong giup sang lay tin cam thoi theo te duong nhu nhung tam xa hom tro giu cuoi lo chung tren khac bay luc
    chau coi ly phu tru ngoi nhat cau vien hon bon thuong trieu dc xong khach cao doc ha trai danh loi dinh bien
    duoi den phat gioi thanh khoi sinh thieu lau quang phan hoa nhau tho cach lua thoai chay chieu quen cap muc toan
    dat ngu kho ngan vu tau chiu tuan bac quy gap tiep ghi tre hieu khoa tim lanh khoan doan khau phep kien lop mau
    thue ghe kia phi quyen hiem cham kieu choi ay tung thuoc keu tuyen benh nu neu lien kham xem tram giao nop hinh
    chet trang quay com canh ao cat kiem dam cuu vua ep bua chuc tap va trinh sep gian tham sap oi toa keo troi cty
    luon pho quoc tiem ket ga om chia khu tet nghiep mien
    """.split()
)
"""Syllables of Vietnamese as typed without marks, chat short forms among them."""

ENGLISH = frozenset(
    """
    the in to is my for and it they of what on with how from at or says that one who if boss not we only pay there
    by have i'm when work go say does now are company get but this us was after which days want all our her home as
    back factory people should has must law job month money phone years where first new before two his out contract
    him about said same don't paid ask like year leave then old hours months since know school here told tell time
    take it's wants number still each night give come never got will need paper because without every card name
    village ok any just workers police labour friend too many next good up sign worker line free legal last wife
    nobody office girls other came girl see family call can't mother three right place nothing left write agency
    more off took employer your make pays keep asked help insurance husband did someone gave room shop again allowed
    own week away under half send china stop until something hospital also stay age women bus doesn't why put
    brother already check live takes agent city let show over list kids owner what's parents father much would hotel
    per read he's plant bring salary went talk somebody look manager asks mine sister house count real way small
    down gives lost could hand use bank person such bad going door price baby find report order start station rule
    weeks till pls cousin account another gets shift court dorm rest
    """.split()
)
"""English words."""

PINYIN = frozenset(
    """
    shi wo de bu yi le ge ren you mei shuo na li gong zai ji qian zi yao zhe jia qu ta lao shang jiu zhi dao men hui
    da gei neng tian xiang si guo dian xian shou qi chang fa wu zuo jie nian san xiao yue jiao zhong jian zheng jin
    ye dou er xie shen bei hua tou ke fang hao liang zhang xi wan zhu yuan hou zhao fu xia tong wei gen wen liu duo
    ni suan guan kan zou zen bai qing yang gan fen mian shui rang shu sheng yong fan sha ming kou jiang cheng kai
    cha bian wai jing ju huo xing ting fei pai che xue shao hu ti ci nv ling kuai huan gao lu sui tiao dui nan yu
    zhen yin ding bie zhuan ying zui lian pian gang deng wang zu cun suo gu chuan wa liao pei lv xiu yan zhan zhou
    ping biao ya duan po mu ka za bing zhuang pa diao pao zao lou tie ri pin niang feng gou kao qiu hun shan mao
    guang pi chuang qin peng zhai tao yun qiang ku huai zong ne xun pu qun tuo pan min kuan gua kuang jue zhun hei
    chou piao luo lin ce nei guai zha diu zan cuo
    """.split()
)
"""Syllables of Chinese."""
